// The page an API node serves at /app/: store a file, fetch it back, replay a transcript. Everything that computes is in
// workers, so nothing here waits for it.

import { Database } from '../../browser/database.js';
import { claimFolder } from '../../browser/fetched-file.js';
import { probeBuild } from '../../domain/core/probe.js';
import { ignoreOtherDrops } from './drop-zone.js';
import { byId, make } from './elements.js';
import { FetchView } from './fetch-view.js';
import { KeysView } from './keys-view.js';
import { StoreView } from './store-view.js';
import { TranscriptView } from './transcript-view.js';
import { countOf, sizeInWords } from './words.js';

/** The node stands one level above this page, whatever a proxy put before both. */
const node = new URL('..', document.baseURI).href;

async function describeNode(): Promise<void> {
  const place = byId('node', HTMLElement);
  try {
    const response = await fetch(new URL('v1/info', node), { cache: 'no-store' });
    const { network, netuid, hotkey, pieceSize, replicas } = (await response.json()) as Record<
      string,
      unknown
    >;
    place.textContent = `API node ${String(hotkey)} · network ${String(network)}, subnet ${String(netuid)} · ${countOf(Number(replicas), 'copy', 'copies')} of pieces of ${sizeInWords(Number(pieceSize))}`;
  } catch {
    place.textContent = 'The node does not answer at the moment.';
  }
}

async function start(): Promise<void> {
  ignoreOtherDrops();
  new TranscriptView();
  byId('build', HTMLElement).textContent = probeBuild();
  void describeNode();
  let database: Database | null = null;
  try {
    database = await Database.open();
  } catch {
    byId('notices', HTMLElement).append(
      make(
        'p',
        { class: 'verdict warn', role: 'status' },
        'This browser keeps nothing for this page (a private window?). Storing works, but an interrupted file starts again from the beginning.',
      ),
    );
  }
  const tab = crypto.randomUUID();
  await claimFolder(tab).catch(() => {});
  const fetchView = new FetchView({ node, tab, askForKeys: () => keysView.ask() });
  const storeView = new StoreView({
    database,
    node,
    askForKeys: () => keysView.ask(),
    fetch: (cid) => void fetchView.fetch(cid),
  });
  const keysView = new KeysView(database, (keys) => {
    storeView.use(keys);
    fetchView.use(keys);
  });
  await storeView.start();
  await keysView.start();
  document.documentElement.dataset.ready = 'yes';
}

void start();
