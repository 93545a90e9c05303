import { existsSync } from 'node:fs';
import { startServer } from './running-server.ts';
import { startTwoRegions } from './two-regions.ts';

// Runs one example in two regions on this machine until Ctrl-C: `node --import tsx -C @regionkit/source run.ts koa`.
const name = process.argv[2] ?? 'express';
const server = new URL(`../../${name}/src/server.ts`, import.meta.url);
if (!existsSync(server)) throw new Error(`there is no examples/${name}/src/server.ts`);

const regions = await startTwoRegions();
const servers = (['us-east-1', 'eu-west-1'] as const).map((region) =>
  startServer(server, regions.origins[region], regions.environment(region)),
);
await Promise.all(servers.map((each) => each.ready('/notes')));
const [us, eu] = servers.map(({ origin }) => origin);
console.log(`The ${name} example, in two regions. us-east-1 takes the writes:

  us-east-1  ${us}
  eu-west-1  ${eu}

A write in Ireland is done in Virginia, and what comes back is a token:
  curl -i ${eu}/notes -H 'content-type: application/json' -d '{"text":"hello"}'
Read it in Ireland, with the token:
  curl -i ${eu}/notes -H 'x-region-token: …'
What Ireland can do:
  curl -i ${eu}/health

Ctrl-C ends it.`);

const alive = setInterval(() => {}, 60_000);
process.once('SIGINT', async () => {
  await Promise.all(servers.map((each) => each.end('SIGTERM')));
  await regions.close();
  clearInterval(alive);
});
