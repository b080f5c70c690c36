// The card "Terminal in the Notebook's Machine", in the launcher and among the commands.
// What starts in the terminal is decided by the server (labkit/jupyter/lab/terminals.py).

const COMMAND = "labkit:terminal";
const LABEL = "Terminal in the Notebook's Machine";

// JupyterLab's terminal, in a chip with its pins; the classes give it the colours of the theme.
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-terminal-icon-background-color jp-icon-selectable" fill="#333"
    d="M4 4h16v16H4z M7 1h2v2.2H7z M11 1h2v2.2h-2z M15 1h2v2.2h-2z M7 20.8h2V23H7z
       M11 20.8h2V23h-2z M15 20.8h2V23h-2z M1 7h2.2v2H1z M1 11h2.2v2H1z M1 15h2.2v2H1z
       M20.8 7H23v2h-2.2z M20.8 11H23v2h-2.2z M20.8 15H23v2h-2.2z"/>
  <path class="jp-terminal-icon-color jp-icon-selectable-inverse" fill="#fff"
    d="M7.6 8.2 8.7 7.1 12.6 11l-3.9 3.9-1.1-1.1 2.8-2.8z M12.6 14.8h4.4v1.6h-4.4z"/>
</svg>`;

export function makePlugin({ apputils, launcher, notebook, services, "ui-components": ui }) {
  const icon = new ui.LabIcon({ name: "labkit:terminal", svgstr: ICON });

  /** The name of a terminal that the server has started, or had already. */
  async function start(settings, path) {
    const { makeRequest, ResponseError } = services.ServerConnection;
    const body = JSON.stringify({ notebook: path });
    const url = `${settings.baseUrl}labkit/terminals`;
    const answer = await makeRequest(url, { method: "POST", body }, settings);
    if (!answer.ok) throw await ResponseError.create(answer);
    return (await answer.json()).name;
  }

  function activate(app, palette, cards, notebooks) {
    const { contents, serverSettings, terminals } = app.serviceManager;
    if (!terminals.isAvailable()) return;
    app.commands.addCommand(COMMAND, {
      label: (args) => (args.isPalette ? `New ${LABEL}` : LABEL),
      caption: "Open a terminal in the machine of its own (microVM) that your notebook runs in",
      icon: (args) => (args.isPalette ? undefined : icon),
      execute: async () => {
        const path = notebooks?.currentWidget?.context.path ?? "";
        try {
          const name = await start(serverSettings, contents.localPath(path));
          const widget = await app.commands.execute("terminal:open", { name });
          if (widget) widget.content.title.icon = icon;
          return widget;
        } catch (error) {
          await apputils.showErrorMessage("Cannot open a terminal in the machine", error);
        }
      },
    });
    palette?.addItem({ command: COMMAND, category: "Terminal", args: { isPalette: true } });
    cards?.add({ command: COMMAND, category: "Other", rank: 0.5 });
  }

  return {
    id: "labkit:terminal",
    description: "Offers a terminal in the machine that a notebook runs in.",
    autoStart: true,
    optional: [apputils.ICommandPalette, launcher.ILauncher, notebook.INotebookTracker],
    activate,
  };
}
