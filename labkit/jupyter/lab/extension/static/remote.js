// What JupyterLab has of labkit, as JupyterLab loads it: a container of webpack's module federation,
// with `init` and `get`. Written by hand, so that nothing has to be built; a plugin is a module beside
// this one, and gets JupyterLab's own modules by name.
// Sources: "Module Federation" (webpack), "Extension Developer Guide" (JupyterLab).

(() => {
  const PLUGINS = ["terminal.js", "preparing.js"];
  const MODULES = ["apputils", "launcher", "notebook", "services", "ui-components"];

  const here = document.currentScript.src;
  let scope = {};

  // The one that JupyterLab uses itself; where it has none (Notebook has no launcher), nothing.
  async function load(name) {
    const versions = Object.values(scope[`@jupyterlab/${name}`] ?? {});
    const found = versions.find((one) => one.loaded) ?? versions[0];
    return [name, found ? (await found.get())() : {}];
  }

  async function makePlugins() {
    const jupyterlab = Object.fromEntries(await Promise.all(MODULES.map(load)));
    const files = await Promise.all(PLUGINS.map((name) => import(new URL(name, here))));
    return files.map((file) => file.makePlugin(jupyterlab));
  }

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB.labkit = {
    init: (shared) => {
      scope = shared;
    },
    get: async () => {
      const plugins = await makePlugins();
      return () => ({ __esModule: true, default: plugins });
    },
  };
})();
