// A page in Chromium that nothing listens to, for measuring memory. Playwright turns on the Network domain of the DevTools protocol
// for every page and worker, and with it Chromium keeps each request's body for whoever might ask for it and sends it to the test:
// storing 192 MiB the renderer was seen at 547 MiB with it, and at 350 without, at a sixth of the speed. So this speaks the protocol
// itself (https://chromedevtools.github.io/devtools-protocol/), and uses only what runs an expression and chooses a file.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { systemClock } from '../../src/adapters/system/clock.js';
import { findChromium } from './find-chromium.js';

type Fields = Readonly<Record<string, unknown>>;

export interface UnwatchedPage {
  /** The value of an expression in the page; throws what it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression is true there. */
  until(expression: string): Promise<void>;
  /** Waits for a control with this text that is shown, and clicks it. */
  click(text: string): Promise<void>;
  chooseFile(selector: string, path: string): Promise<void>;
  memory(): Promise<BrowserMemory>;
}

/** Bytes that are nobody else's and no copy of a file (proc_pid_smaps(5), Private_Dirty). */
export interface BrowserMemory {
  /** Of the largest renderer: the page with its workers. */
  readonly page: number;
  /** Of all processes of the browser. */
  readonly all: number;
}

/**
 * @param folder of the profile, empty
 * @param downloads where what is saved goes
 */
export async function openUnwatched(
  context: TestContext,
  url: string,
  folders: { readonly profile: string; readonly downloads: string },
): Promise<UnwatchedPage> {
  const { profile, downloads } = folders;
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    '--no-first-run',
  ];
  const child = spawn(
    await findChromium(),
    [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const gone = once(child, 'exit');
  context.after(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const socket = new WebSocket(await debuggerOf(child.stderr));
  await once(socket, 'open');
  const answers = new Map<number, (answer: Fields) => void>();
  socket.on('message', (text) => {
    const message = JSON.parse(String(text)) as Fields;
    answers.get(message.id as number)?.(message);
    answers.delete(message.id as number);
  });
  let sent = 0;
  const send = (method: string, params: Fields, sessionId?: string): Promise<Fields> =>
    new Promise((resolve, reject) => {
      const id = ++sent;
      answers.set(id, ({ result, error }) =>
        error === undefined
          ? resolve(result as Fields)
          : reject(new Error(`${method}: ${(error as Fields).message}`)),
      );
      socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
  await send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: downloads });
  const { targetId } = await send('Target.createTarget', { url });
  const attached = await send('Target.attachToTarget', { targetId, flatten: true });
  const inPage = (method: string, params: Fields): Promise<Fields> =>
    send(method, params, attached.sessionId as string);

  const page: UnwatchedPage = {
    async evaluate(expression) {
      const { result, exceptionDetails } = await inPage('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as Fields).value;
    },
    async until(expression) {
      // Not more often: what is asked is work of the page that is measured.
      while ((await page.evaluate(expression)) !== true) await systemClock.sleep(250);
    },
    click: (text) =>
      page.until(`(() => {
        const found = [...document.querySelectorAll('button, label, a')].find(
          (one) => one.checkVisibility() && one.textContent.includes(${JSON.stringify(text)}));
        found?.click();
        return found !== undefined;
      })()`),
    async chooseFile(selector, path) {
      const { root } = await inPage('DOM.getDocument', {});
      const { nodeId } = await inPage('DOM.querySelector', { nodeId: (root as Fields).nodeId, selector });
      await inPage('DOM.setFileInputFiles', { nodeId, files: [path] });
    },
    memory: () => memoryOf(profile),
  };
  return page;
}

/** What Chromium says of itself when its debugger listens. */
function debuggerOf(stderr: NodeJS.ReadableStream): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    stderr.on('data', (text) => {
      said += text;
      const [, address] = /DevTools listening on (ws:\S+)/u.exec(said) ?? [];
      if (address !== undefined) resolve(address);
    });
    stderr.on('end', () => reject(new Error(`Chromium ended: ${said}`)));
  });
}

async function memoryOf(profile: string): Promise<BrowserMemory> {
  let [page, all] = [0, 0];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/u.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(`--user-data-dir=${profile}`)) continue;
    const maps = await readFile(`/proc/${name}/smaps_rollup`, 'utf8').catch(() => '');
    const [, kilobytes = '0'] = /^Private_Dirty:\s+(\d+) kB/mu.exec(maps) ?? [];
    const bytes = 1024 * Number(kilobytes);
    all += bytes;
    if (command.includes('--type=renderer')) page = Math.max(page, bytes);
  }
  return { page, all };
}
