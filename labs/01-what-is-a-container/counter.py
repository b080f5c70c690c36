"""A service that keeps state: it counts visits in SQLite. `python counter.py FILE` prints its address."""

import http.server
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], check_same_thread=False)
database.execute("CREATE TABLE IF NOT EXISTS visits (id INTEGER PRIMARY KEY, guest TEXT)")


class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with database:  # one transaction: after a crash the visit has been counted, or not at all
            guest = self.path.rpartition("/")[2]
            number = database.execute("INSERT INTO visits (guest) VALUES (?)", [guest]).lastrowid
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{number}\n".encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Door)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
