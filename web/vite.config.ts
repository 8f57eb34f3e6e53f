// `vite build --mode ENTRY`: ENTRY/index.html becomes one file, styles and scripts inside, in dist/ENTRY/index.html.
import { defineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

export default defineConfig(({ mode: entry }) => ({
  root: entry,
  base: "./",
  plugins: [viteSingleFile({ removeViteModuleLoader: true })],
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: { outDir: `../dist/${entry}`, emptyOutDir: true, target: "es2020" },
  logLevel: "warn",
}));
