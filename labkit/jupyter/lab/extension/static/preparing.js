// A notification while a notebook's machine is made, the first time: what is done, and how far it is.
// The kernel says it (labkit/machine/relay/voice.py), under `labkit` in the content of its messages.
// A message without such a mark comes out of the machine: it is there, though no word of it came.

const READY_MS = 5000;
const GONE = ["dead", "restarting", "terminating"]; // a kernel that says nothing more
const LONGEST = 140; // letters that JupyterLab shows of a notification

export function makePlugin({ apputils, notebook }) {
  const { Dialog, Notification, showDialog } = apputils;

  /** Buttons that lead to all of a text that is too long. */
  function more(text) {
    const buttons = [Dialog.okButton()];
    const callback = () => void showDialog({ title: "This notebook's machine", body: text, buttons });
    return text.length > LONGEST ? [{ label: "Show All", callback }] : [];
  }

  function watch(panel) {
    let id = ""; // of the notification that this notebook has
    let isOver = true; // whether it says no more that something is being done

    function show(message, type, options) {
      isOver = type !== "in-progress";
      const isThere = id && Notification.update({ id, message, type, ...options });
      if (!isThere) id = Notification.emit(message, type, options);
    }

    function hide() {
      if (!isOver) Notification.dismiss(id);
      isOver = true;
    }

    function hear(_, message) {
      const told = message.content.labkit;
      if (told?.preparing) {
        const step = `${told.preparing} … ${Math.round(told.share * 100)}%`;
        const text = `Preparing this notebook's machine, once: ${step}. Cells that you run wait for it.`;
        show(text, "in-progress", { autoClose: false });
      } else if (told?.ended) {
        show(told.ended, "error", { autoClose: false, actions: more(told.ended) });
      } else if (told?.is_refused) {
        hide(); // a cell shows why
      } else if (told?.is_ready || (!told && !isOver)) {
        show("This notebook's machine is ready.", "success", { autoClose: READY_MS });
      }
    }

    panel.sessionContext.iopubMessage.connect(hear);
    // Jupyter's own word of a kernel that has gone comes here before it is heard above.
    panel.sessionContext.statusChanged.connect((_, status) => GONE.includes(status) && hide());
    // A page that misses the session first drops its kernel without a word of the kernel's status.
    panel.sessionContext.kernelChanged.connect(hide);
    panel.disposed.connect(hide);
  }

  return {
    id: "labkit:preparing",
    description: "Shows how far the machine is that a notebook waits for.",
    autoStart: true,
    requires: [notebook.INotebookTracker],
    activate: (_, notebooks) => {
      notebooks.forEach(watch);
      notebooks.widgetAdded.connect((_, panel) => watch(panel));
    },
  };
}
