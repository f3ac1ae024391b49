// The port a node listens on: free, taken by a node that runs, or by somebody else; and whether the address that others are told
// leads to it.

import { connect, createServer } from 'node:net';
import { httpUrlOf } from '../../adapters/config/kinds.js';
import type { DoctorOptions, Finding } from './finding.js';

const check = 'ports';
const answerMsMax = 3_000;

interface Listening {
  readonly host: string;
  readonly port: number;
  readonly external: { readonly host: string; readonly port: number } | null;
  readonly option: string;
}

function listeningOf({ config }: DoctorOptions): Listening {
  // by name: each role has its own options for it
  const values = config.values as unknown as Readonly<Record<string, string | number | null>>;
  const { role } = config;
  if (role === 'validator')
    return {
      host: '127.0.0.1',
      port: Number(values['validator.port']),
      external: null,
      option: '--validator.port',
    };
  const prefix = role === 'miner' ? 'axon' : 'api';
  const port = Number(values[`${prefix}.port`]);
  const ip = values[`${prefix}.external_ip`];
  return {
    host: String(values[`${prefix}.ip`]),
    port,
    external:
      ip == null ? null : { host: String(ip), port: Number(values[`${prefix}.external_port`]) || port },
    option: `--${prefix}.port`,
  };
}

export async function checkPorts(options: DoctorOptions): Promise<Finding> {
  const { host, port, external, option } = listeningOf(options);
  const { role } = options.config;
  const values = { host, port, external: external === null ? null : `${external.host}:${external.port}` };
  if (port === 0) {
    const text = `${role} takes a free port each time`;
    return { check, level: 'ok', text, values: { ...values, state: 'any' } };
  }
  const isFree = await canListen(host, port);
  const isNode = !isFree && (await isNodeAt(host, port));
  if (!isFree && !isNode)
    return {
      check,
      level: 'problem',
      text: `port ${port} on ${host} is taken, and not by a node`,
      remedy: `ss -ltnp 'sport = :${port}' shows by whom; or choose another with ${option}`,
      values: { ...values, state: 'taken' },
    };
  const state = isFree ? 'free' : 'node';
  const text = isFree ? `port ${port} on ${host} is free` : `a node answers on port ${port} of ${host}`;
  if (external === null) return { check, level: 'ok', text, values: { ...values, state } };
  const where = `${external.host}:${external.port}`;
  if (isFree)
    return {
      check,
      level: 'note',
      text: `${text}; whether ${where} leads here can be told when the node runs`,
      remedy: `start it, and ask again; from another machine: nc -vz ${external.host} ${external.port}`,
      values: { ...values, state, reachable: null },
    };
  const reachable = await canConnect(external.host, external.port);
  if (reachable)
    return { check, level: 'ok', text: `${text}, and at ${where}`, values: { ...values, state, reachable } };
  return {
    check,
    level: 'note',
    text: `${text}, but from here not at ${where}`,
    remedy: `open the port in firewall and router (some routers never lead back inside: try from another machine, nc -vz ${external.host} ${external.port})`,
    values: { ...values, state, reachable },
  };
}

const canListen = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });

async function isNodeAt(host: string, port: number): Promise<boolean> {
  const here = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  try {
    const response = await fetch(`${httpUrlOf(here, port)}/healthz`, {
      signal: AbortSignal.timeout(answerMsMax),
    });
    return ((await response.json()) as { status?: unknown }).status === 'ok';
  } catch {
    return false;
  }
}

const canConnect = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: answerMsMax });
    const settle = (reached: boolean): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
