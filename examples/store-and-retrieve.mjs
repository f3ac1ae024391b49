// Stores some data and gets it back.

import { retrieve, store } from 'filetao';

const wallet = process.env.FILETAO_WALLET_NAME ?? 'default';

const data = Buffer.from('Some bytestring data!');
const { cid, hotkeys } = await store(data, { wallet });
console.log(`Stored ${cid} with validator hotkeys ${hotkeys.join(', ')}`);

const back = await retrieve(cid, { wallet });
console.log(Buffer.from(back).toString());

// Text in and out, for one day, given up after a minute.
const note = await store('naïve – text', { wallet, encoding: 'utf-8', ttl: 24 * 3600, timeout: 60 });
console.log(await retrieve(note.cid, { wallet, encoding: 'utf-8' }));

// Errors have a code.
try {
  await retrieve('bafkreif2pall7dybz7vecqka3zo24irdwabwdi4wc55jznaq75q7eaavvu', { wallet });
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
