// Reads what `regionkit status --json` says, and prints the order of a rollout: the region with the primary is the first.
//
//   npx --no regionkit status --json > status.ndjson
//   node rollout-order.mjs < status.ndjson
//
// It refuses if the primary is not known for certain, or if the number of regions is not that of the jobs.
import { readFileSync } from 'node:fs';

const TURNS = ['first', 'second', 'third'];

const servers = readFileSync(0, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => JSON.parse(line))
  .filter(({ type }) => type === 'server');
const regionOf = ({ where }) => where.split('/')[0];
const writers = servers.filter(({ role }) => role === 'writer').map(regionOf);
const regions = [...new Set(servers.map(regionOf))];

const refuse = (why) => {
  process.stderr.write(`No rollout was started: ${why}\n`);
  process.exit(1);
};
if (writers.length !== 1)
  refuse(`${writers.length} servers take writes${writers.length > 0 ? ` (${writers.join(', ')})` : ''}, and one must.`);
if (regions.length !== TURNS.length)
  refuse(`there are ${TURNS.length} jobs for regions, and ${regions.length} regions: ${regions.join(', ')}.`);
const wrong = regions.find((name) => !/^[a-z0-9-]+$/.test(name));
if (wrong !== undefined) refuse('the name of a region has other characters than a-z, 0-9 and "-".');

const order = [...writers, ...regions.filter((name) => !writers.includes(name))];
process.stdout.write(`${TURNS.map((turn, at) => `${turn}=${order[at]}`).join('\n')}\nall=${order.join(' ')}\n`);
