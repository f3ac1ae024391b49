// This machine's clock against a time server (SNTP, RFC 4330). Signed requests are good for a minute either way, so a clock that is
// off by more is a node that nobody can use.

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { requestLimits } from '../../domain/model/constants.js';
import type { DoctorOptions, Finding } from './finding.js';

const check = 'clock';
const answerMsMax = 3_000;
const packetSize = 48;
/** Seconds from 1900 to 1970. */
const epochOffset = 2_208_988_800;
const noteMs = 2_000;

export async function checkClock({ ntp }: DoctorOptions): Promise<Finding> {
  if (ntp === null) {
    const text = 'compared with nothing: all of a dev network share one clock';
    return { check, level: 'ok', text, values: { server: null, offsetMs: null } };
  }
  let offsetMs: number;
  try {
    offsetMs = Math.round(await clockOffsetMs(ntp));
  } catch (error) {
    return {
      check,
      level: 'note',
      text: `${ntp} did not tell the time: ${(error as Error).message}`,
      remedy: 'name a server that can be reached with --ntp HOST, or look at timedatectl yourself',
      values: { server: ntp, offsetMs: null },
    };
  }
  const values = { server: ntp, offsetMs };
  const text = `off by ${offsetMs} ms against ${ntp}; requests are good for ${requestLimits.windowMs / 1000} s`;
  if (Math.abs(offsetMs) <= noteMs) return { check, level: 'ok', text, values };
  const isBad = Math.abs(offsetMs) > requestLimits.windowMs / 2;
  const remedy = 'let the system keep its clock: timedatectl set-ntp true';
  return { check, level: isBad ? 'problem' : 'note', text, remedy, values };
}

/** Milliseconds that this clock is behind the server's (ahead, if negative). */
async function clockOffsetMs(server: string): Promise<number> {
  const [, host, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/u.exec(server) ?? [];
  const { address, family } = await lookup(host ?? server);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    return await new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer')), answerMsMax);
      const request = Buffer.alloc(packetSize);
      request[0] = 0x23; // version 4, client
      const sentAt = Date.now();
      request.writeBigUInt64BE(BigInt(sentAt), 40); // comes back as it is: the answer is to this question
      socket.once('error', reject);
      socket.on('message', (answer) => {
        if (answer.length < packetSize || !answer.subarray(24, 32).equals(request.subarray(40, 48))) return;
        clearTimeout(timer);
        const receivedAt = Date.now();
        if (answer[1] === 0) return reject(new Error('the server does not know the time itself'));
        const [taken, given] = [timeAt(answer, 32), timeAt(answer, 40)];
        resolve((taken - sentAt + (given - receivedAt)) / 2);
      });
      socket.send(request, Number(port ?? 123), address, (error) => {
        if (error !== null) reject(error);
      });
    });
  } finally {
    socket.close();
  }
}

/** Unix milliseconds of a timestamp of 32 bits of seconds and 32 of their fraction. */
const timeAt = (packet: Buffer, at: number): number =>
  1000 * (packet.readUInt32BE(at) - epochOffset + packet.readUInt32BE(at + 4) / 2 ** 32);
