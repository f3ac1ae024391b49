// The message that opens a request on each route.
import type { MessageKind } from '../../../src/domain/identity/sealed.js';
import type { NodeRoute } from '../../../src/domain/ports/network.js';
import {
  challengeKind,
  deleteKind,
  type Header,
  inventoryKind,
  openingRequestKind,
  pingKind,
  rangeKind,
  renewKind,
  retrieveKind,
  storeKind,
} from '../../../src/domain/protocol/messages.js';

export const requestKinds: Readonly<Record<NodeRoute, MessageKind<Header>>> = {
  store: storeKind,
  challenge: challengeKind,
  open: openingRequestKind,
  retrieve: retrieveKind,
  range: rangeKind,
  renew: renewKind,
  delete: deleteKind,
  inventory: inventoryKind,
  ping: pingKind,
};
