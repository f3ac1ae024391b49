// Scenario files: JSON with the keys of the tables below and no others. Whatever a file leaves out is as in the default
// scenario; sizes are numbers of bytes or text such as "8 MiB".

import { parseBytes } from '../../adapters/config/byte-size.js';
import { nearestName } from '../../adapters/config/nearest-name.js';
import { type EconomyKey, type EconomyRules, economyConstants } from '../../domain/model/economy.js';
import { FileTaoError } from '../../domain/model/errors.js';
import {
  behaviourDefaults,
  behaviours,
  defaultGroup,
  defaultScenario,
  defaultValidatorGroup,
  epochsMax,
  type MinerGroup,
  minersMax,
  type Partition,
  type Scenario,
  type ValidatorGroup,
  validatorModes,
  validatorsMax,
} from './scenario.js';

/** One key: what it may be. `path` names the place in errors. */
type Read<Value> = (value: unknown, path: string) => Value;

const refuse = (path: string, what: string): FileTaoError =>
  new FileTaoError('bad-input', `${path}: ${what}`);

const number =
  (min: number, max: number, { whole = false } = {}): Read<number> =>
  (value, path) => {
    const fits = typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
    if (!fits || (whole && !Number.isInteger(value))) {
      throw refuse(path, `expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
    }
    return value;
  };

const whole = (min: number, max: number): Read<number> => number(min, max, { whole: true });
const share = number(0, 1);
const epoch = number(0, epochsMax);

const orNull =
  <Value>(read: Read<Value>): Read<Value | null> =>
  (value, path) =>
    value === null ? null : read(value, path);

const text: Read<string> = (value, path) => {
  if (typeof value !== 'string' || value === '' || value.length > 1000) throw refuse(path, 'expected text');
  return value;
};

const bytes: Read<number> = (value, path) => {
  try {
    const size = typeof value === 'string' ? parseBytes(value) : whole(1, 2 ** 50)(value, path);
    if (size >= 1) return size;
  } catch {}
  throw refuse(path, 'expected a size such as 1048576 or "8 MiB"');
};

const oneOf =
  <Name extends string>(names: readonly Name[]): Read<Name> =>
  (value, path) => {
    const found = names.find((name) => name === value);
    if (found !== undefined) return found;
    throw refuse(
      path,
      `${JSON.stringify(value)} is none of ${names.join(', ')}${meant(String(value), names)}`,
    );
  };

const meant = (name: string, known: readonly string[]): string => {
  const near = nearestName(name, known);
  return near === null ? '' : `; did you mean ${near}?`;
};

type Fields<Record> = { readonly [Key in keyof Record]: Read<Record[Key]> };

/** An object with these keys, each optional: what is left out comes from `preset`. */
const fields =
  <Value extends object>(readers: Fields<Value>, preset: Value | ((given: object) => Value)): Read<Value> =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw refuse(path, 'expected an object');
    const known = Object.keys(readers);
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined)
      throw refuse(path, `unknown key ${JSON.stringify(unknown)}${meant(unknown, known)}`);
    const given = Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        key,
        (readers as Record<string, Read<unknown>>)[key]!(one, path === 'scenario' ? key : `${path}.${key}`),
      ]),
    );
    return { ...(typeof preset === 'function' ? preset(given) : preset), ...given };
  };

const listOf =
  <Value>(read: Read<Value>, max: number): Read<readonly Value[]> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length > max) throw refuse(path, `expected a list of at most ${max}`);
    return value.map((one, i) => read(one, `${path}[${i}]`));
  };

const group = fields<MinerGroup>(
  {
    name: text,
    behaviour: oneOf(behaviours),
    share: orNull(share),
    latencyMs: number(1, 1e6),
    bytesPerSecond: bytes,
    spread: number(0, 3),
    from: epoch,
    until: epoch,
    noticeHours: number(0, 10_000),
    away: orNull(epoch),
    upHours: number(0.01, 1e6),
    downMinutes: number(0.01, 1e6),
    lossPerDay: number(0, 0.999999),
    keeps: share,
  },
  (given) => {
    const behaviour = (given as Partial<MinerGroup>).behaviour ?? defaultGroup.behaviour;
    return { ...defaultGroup, ...behaviourDefaults[behaviour], behaviour, name: behaviour };
  },
);

const validatorGroup = fields<ValidatorGroup>(
  {
    mode: oneOf(validatorModes),
    count: whole(1, validatorsMax),
    lag: whole(0, 1_000_000),
    accuses: share,
    favours: orNull(text),
    stake: number(0, 1e9),
  },
  defaultValidatorGroup,
);

const partition = fields<Partition>(
  { from: epoch, until: epoch, miners: share, validators: share },
  { from: 0, until: 0, miners: 0.5, validators: 0.5 },
);

const economyKeys = Object.keys(economyConstants) as readonly EconomyKey[];

/** The economy's constants by their option's name: `"reward.alpha": 0.1`. */
const rules: Read<EconomyRules> = (value, path) => {
  const preset = defaultScenario.rules;
  const readers = Object.fromEntries(
    economyKeys.map((key) => {
      const constant = economyConstants[key];
      return [key, number(constant.min, constant.max, { whole: 'whole' in constant })];
    }),
  ) as unknown as Fields<Record<EconomyKey, number>>;
  return { ...preset, constants: fields(readers, { ...preset.constants })(value, path) };
};

const { cadence, objects, audit } = defaultScenario;

const scenario = fields<Scenario>(
  {
    name: text,
    about: text,
    miners: whole(1, minersMax),
    validators: whole(1, validatorsMax),
    epochs: whole(1, epochsMax),
    tempo: whole(1, 100_000),
    groups: listOf(group, 100),
    validatorGroups: listOf(validatorGroup, validatorsMax),
    partitions: listOf(partition, 100),
    cadence: fields(
      {
        stepBlocks: whole(1, 100_000),
        store: whole(0, 10_000),
        challenge: whole(0, 10_000),
        retrieve: whole(0, 10_000),
        retrieveEvery: whole(1, 100_000),
        monitor: whole(0, 100_000),
        repairBytesPerSecond: bytes,
      },
      cadence,
    ),
    objects: fields(
      {
        perEpoch: number(0, 100_000),
        medianBytes: bytes,
        sigma: number(0, 5),
        copies: whole(1, 16),
        until: epoch,
      },
      objects,
    ),
    dataMedianBytes: bytes,
    dataSigma: number(0, 5),
    challengeDataSeconds: whole(12, 1e9),
    audit: fields({ loss: number(1e-6, 0.999999), confidence: number(1e-6, 0.999999999) }, audit),
    rules,
  },
  defaultScenario,
);

/** Throws `bad-input` with the place and what is expected there. @param name used where the file gives none */
export function parseScenario(json: string, name: string): Scenario {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new FileTaoError('bad-input', `${name} is not JSON: ${(error as Error).message}`);
  }
  const read = scenario(value, 'scenario');
  const given = value as Partial<Scenario>;
  const checked = given.name === undefined ? { ...read, name } : read;
  checkScenario(checked);
  return checked;
}

/** What no single key can be checked for. */
export function checkScenario({ groups, validatorGroups, validators }: Scenario): void {
  if (groups.length === 0) throw refuse('groups', 'expected at least one group of miners');
  const names = groups.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw refuse('groups', `two groups are called ${JSON.stringify(twice)}: give each a name`);
  const shares = groups.reduce((sum, one) => sum + (one.share ?? 0), 0);
  if (shares > 1 + 1e-9)
    throw refuse('groups', `the shares add up to ${Number(shares.toFixed(6))}, at most 1`);
  if (groups.every((one) => one.share !== null) && shares < 1 - 1e-9) {
    throw refuse(
      'groups',
      `the shares add up to ${Number(shares.toFixed(6))}: leave one group without a share, for the rest`,
    );
  }
  const asked = validatorGroups.reduce((sum, { count }) => sum + count, 0);
  if (asked > validators)
    throw refuse('validatorGroups', `${asked} validators are described, and there are ${validators}`);
  for (const { favours } of validatorGroups) {
    if (favours !== null && !names.includes(favours)) {
      throw refuse(
        'validatorGroups',
        `no group is called ${JSON.stringify(favours)}${meant(favours, names)}`,
      );
    }
  }
}
