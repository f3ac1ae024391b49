// The subnets API: the two kinds of request that are there, and one of one's own.

import { RetrieveUserAPI, StoreUserAPI, SubnetsAPI } from 'filetao';

const wallet = { name: process.env.FILETAO_WALLET_NAME ?? 'default', hotkey: 'default' };

const cid = await new StoreUserAPI(wallet).query({
  data: 'some data', // text in `encoding`, bytes, or a stream
  encoding: 'utf-8',
  encrypt: true, // for the wallet's coldkey
  ttl: 60 * 60 * 24 * 30,
  timeout: 60,
  uid: null, // the uid of a validator, to ask that one alone
});
console.log(`stored ${cid}`);

const data = await new RetrieveUserAPI(wallet).query({ cid });
console.log(Buffer.from(data).toString());

/** Asks nodes who they are. Two hooks make a kind of request. */
class InfoAPI extends SubnetsAPI {
  prepareSynapse() {
    return { name: 'Info', ask: ({ request }) => request('GET', '/v1/info') };
  }

  processResponses(responses) {
    return responses.map(({ url, value, error }) =>
      error === null ? `${url}: ${value.role}` : `${url}: ${error.code}`,
    );
  }
}

for (const line of await new InfoAPI(wallet).query({})) console.log(line.replace(/:\d+:/, ':…:'));
