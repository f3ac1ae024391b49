// A network that delays, loses, repeats and reorders what validators send to miners.
import { concatBytes } from '../../../src/domain/model/bytes.js';
import { FileTaoError } from '../../../src/domain/model/errors.js';
import type { NodeAddress } from '../../../src/domain/ports/chain.js';
import type { Network, NodeReply, NodeRequest } from '../../../src/domain/ports/network.js';
import type { Happenings } from './happenings.js';
import { gathered, type MinerMessage } from './miner-routes.js';
import type { Dice, Schedule } from './schedule.js';
import type { Weather } from './weather.js';

/** The process at an address, whichever run of it is there. */
export interface ReachableNode {
  readonly up: boolean;
  /** Carries the message out, and answers. */
  answer(message: MinerMessage): Promise<NodeReply>;
  /** Calls when this run of the process ends: its connections close then. */
  whenEnded(tell: () => void): void;
}

export interface StormyNetworkParts {
  readonly schedule: Schedule;
  readonly dice: Dice;
  readonly happenings: Happenings;
  weather(): Weather;
  nodeAt(address: NodeAddress): ReachableNode;
}

interface Sent extends MinerMessage {
  readonly to: NodeAddress;
  readonly number: number;
}

export class StormyNetwork {
  readonly #parts: StormyNetworkParts;
  readonly #sent: Sent[] = [];
  /** The latest message that arrived at each address. */
  readonly #latest = new Map<number, number>();

  constructor(parts: StormyNetworkParts) {
    this.#parts = parts;
  }

  /** As one process sees it. @param isAlive whether that run of the process still waits for answers */
  portOf(isAlive: () => boolean, onSend: (message: MinerMessage) => void = () => {}): Network {
    return {
      close: async () => {},
      request: async (request) => {
        const body = request.body === undefined ? [] : await gathered(request.body.parts);
        const sent: Sent = {
          to: request.address,
          number: this.#sent.length,
          route: request.route,
          head: request.head.slice(),
          body: concatBytes(...body),
        };
        this.#sent.push(sent);
        onSend(sent);
        return this.#deliver(sent, request, isAlive);
      },
    };
  }

  /** A message of any time arrives (again); its answer is lost. */
  replay(): void {
    if (this.#sent.length === 0) return;
    const sent = this.#parts.dice.pick(this.#sent);
    this.#parts.happenings.note('old message', sent.route);
    this.#arriveUnanswered(sent);
  }

  /** Lets a message through that did not go through the port. */
  remember(to: NodeAddress, message: MinerMessage): void {
    this.#sent.push({ ...message, to, number: this.#sent.length });
  }

  #arriveUnanswered(sent: Sent): void {
    const node = this.#parts.nodeAt(sent.to);
    if (!node.up) return;
    this.#noteArrival(sent);
    void node.answer(sent).catch(() => {});
  }

  #noteArrival({ to, number, route }: Sent): void {
    const latest = this.#latest.get(to.port) ?? -1;
    if (number < latest) this.#parts.happenings.note('message out of order', route);
    this.#latest.set(to.port, Math.max(latest, number));
  }

  #deliver(sent: Sent, { timeoutMs }: NodeRequest, isAlive: () => boolean): Promise<NodeReply> {
    const { schedule, dice, happenings } = this.#parts;
    const weather = this.#parts.weather();
    const { route } = sent;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        if (isAlive()) act();
      };
      const delay = (): number => dice.below(weather.delayMsMax + 1);
      const fail = (code: 'unreachable' | 'timeout', what: string, afterMs: number): void => {
        happenings.disturb(what, route);
        schedule.after(
          afterMs,
          settle(() => reject(new FileTaoError(code, `simulated: ${code}`))),
        );
      };
      const arrive = (): void => this.#arriveUnanswered(sent);
      if (dice.chance(weather.duplicate)) {
        happenings.note('message repeated', route);
        schedule.after(dice.below(60_000), arrive);
      }
      if (dice.chance(weather.hang)) {
        schedule.after(delay(), arrive);
        fail('timeout', 'answer never comes', timeoutMs);
        return;
      }
      if (dice.chance(weather.loss)) {
        const isAnswerLost = dice.chance(0.5);
        if (isAnswerLost) schedule.after(delay(), arrive);
        fail('unreachable', isAnswerLost ? 'answer lost' : 'request lost', delay());
        return;
      }
      schedule.after(
        timeoutMs,
        settle(() => reject(new FileTaoError('timeout', 'simulated: late'))),
      );
      schedule.after(delay(), () => {
        const node = this.#parts.nodeAt(sent.to);
        if (!node.up) return fail('unreachable', 'miner down', delay());
        let isOver = false;
        node.whenEnded(() => {
          if (!isOver) fail('unreachable', 'miner ends while asked', delay());
          isOver = true;
        });
        this.#noteArrival(sent);
        void node.answer(sent).then(
          (reply) => {
            if (isOver) return;
            isOver = true;
            schedule.after(
              delay(),
              settle(() => resolve(reply)),
            );
          },
          // A message that nobody can even refuse: the connection breaks.
          () => {
            if (!isOver) fail('unreachable', 'miner breaks off', delay());
            isOver = true;
          },
        );
      });
    });
  }
}
