import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { REGIONS, type RegionName } from '../names.ts';
import type { Release } from '../settings.ts';
import type { Stage } from '../stage.ts';
import { until } from '../until.ts';
import type { Version } from './versions.ts';

/** What the program behind `deploy` does on the stage, and what came of it. */
export interface Deployer {
  /** Where the program asks. */
  readonly url: string;
  /** Each version that took over a region, in order. */
  readonly deployed: readonly { readonly region: RegionName; readonly version: string }[];
  running(region: RegionName): string;
  close(): void;
}

const WAIT_MS = 120_000;

export async function createDeployer(
  stage: Stage,
  versions: readonly Version[],
  release: (version: Version) => Release,
  first: Version,
): Promise<Deployer> {
  const deployed: { region: RegionName; version: string }[] = [];
  const running = new Map(REGIONS.map((region) => [region, first.version]));

  const deploy = async (region: RegionName, version: Version): Promise<void> => {
    if (running.get(region) === version.version) return;
    // As ECS does: a version that does not start leaves the one that runs in place.
    await stage.tryApp(region, release(version));
    await stage.drainApp(region);
    await stage.startApp(region, release(version));
    running.set(region, version.version);
    deployed.push({ region, version: version.version });
    await until(`DNS leads to ${region} again`, () => stage.dns.status(region).healthy, WAIT_MS);
  };

  const carryOut = async (order: string, region: RegionName, version: Version | undefined): Promise<string> => {
    if (order === 'version') return running.get(region) ?? '';
    if (version === undefined) throw new Error('no such version');
    if (order === 'deploy') await deploy(region, version);
    else if (order === 'migrate') await stage.lab.primary.query(version.migrate);
    // `version` is the one to go back to, so the migrations of all versions are undone.
    else if (order === 'undo-migration') for (const { undo } of versions) await stage.lab.primary.query(undo);
    else throw new Error(`no such order: ${order}`);
    return '';
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url as string, 'http://deploy');
    const region = REGIONS.find((name) => name === url.searchParams.get('region'));
    const version = versions.find((one) => one.version === url.searchParams.get('version'));
    if (region === undefined) return void response.writeHead(400).end('no such region');
    carryOut(url.pathname.slice(1), region, version).then(
      (said) => response.end(said),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deployed,
    running: (region) => running.get(region) ?? '',
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
