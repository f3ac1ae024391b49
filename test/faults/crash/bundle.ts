// The program of a node in a child process (program.ts) as a few files: most of a start is the loading of code, and of
// 600 modules one by one it costs 0.65 s of processor time, bundled 0.3 s.
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type OutputFile } from 'esbuild';

let files: Promise<OutputFile[]> | undefined;

/** Puts the program into the folder; answers with its path. */
export async function bundledProgram(folder: string): Promise<string> {
  files ??= bundle();
  for (const { path, contents } of await files) await writeFile(join(folder, basename(path)), contents);
  return join(folder, 'program.mjs');
}

async function bundle(): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./program.js', import.meta.url))],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    outdir: 'bundle',
    write: false,
    banner: { js: "import { createRequire as _r } from 'node:module'; const require = _r(import.meta.url);" },
    plugins: [
      {
        name: 'where modules come from',
        setup({ onLoad, onResolve }) {
          // What loads a library or a thread from beside itself stays where it is.
          onResolve({ filter: /^(lmdb|piscina)$/ }, ({ path }) => ({
            path: import.meta.resolve(path),
            external: true,
          }));
          onLoad({ filter: /\.m?js$/ }, async ({ path }) => {
            const text = await readFile(path, 'utf8');
            return text.includes('import.meta.url')
              ? { contents: text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)) }
              : null;
          });
        },
      },
    ],
  });
  return outputFiles;
}
