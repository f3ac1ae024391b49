// A connection from Node to one API node.

import { ApiNode, type ApiNodeOptions, nodeUrl } from './api-node.js';
import type { Timeouts } from './http-transport.js';
import { NodeTransport } from './node-transport.js';

export interface ApiConnectionOptions extends ApiNodeOptions {
  readonly timeouts?: Partial<Timeouts>;
}

export class ApiConnection extends ApiNode {
  /** Throws `bad-input` for what is no URL. */
  constructor(url: string, options: ApiConnectionOptions) {
    const base = nodeUrl(url);
    super(base, new NodeTransport(base, options.timeouts), options);
  }
}
