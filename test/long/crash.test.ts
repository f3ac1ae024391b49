// kill -9 of every role a thousand times (FILETAO_CRASH_ROUNDS sets another number).
import { test } from 'node:test';
import { crashApi, crashMiner, crashValidator } from '../faults/crash/harness.js';

const given = Number(process.env.FILETAO_CRASH_ROUNDS);
const rounds = given > 0 ? given : 1000;

test('miner', (t) => crashMiner(t, { rounds: Math.ceil(rounds / 2) }));
test('validator', (t) => crashValidator(t, { rounds: Math.ceil(rounds / 4) }));
test('API node', (t) => crashApi(t, { rounds: Math.ceil(rounds / 4) }));
