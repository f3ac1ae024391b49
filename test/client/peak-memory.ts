// Peak memory of the `filetao` command: it runs as a child process that reports its own high-water mark. That
// is VmHWM and not getrusage's maxrss, which on Linux begins with what the parent had when it forked.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, runCli } from '../cli/run-cli.js';
import { noise } from './fixtures.js';

export async function runMeasured(
  args: readonly string[],
  home: string,
  url: string,
): Promise<Finished & { readonly peakMegabytes: number }> {
  const report = join(home, 'peak');
  const hook = `import{readFileSync,writeFileSync}from'node:fs';
    process.on('exit',()=>{
      let kib=process.resourceUsage().maxRSS;
      try{kib=/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status','utf8'))[1]}catch{}
      writeFileSync(${JSON.stringify(report)},String(kib))})`;
  const finished = await runCli(args, {
    home,
    env: { FILETAO_API_URL: url, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` },
  });
  const peakMegabytes = (Number(readFileSync(report, 'utf8')) * 1024) / 1e6;
  rmSync(report);
  return { ...finished, peakMegabytes };
}

/** A file of so many MiB that does not compress, written without holding it. */
export function largeFile(path: string, mebibytes: number): void {
  const block = noise(1 << 20);
  const file = openSync(path, 'w');
  for (let i = 0; i < mebibytes; i++) {
    block.writeUInt32LE(i);
    writeSync(file, block);
  }
  closeSync(file);
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
