import type { Deployment } from '../history/entries.ts';
import { REGIONS, type Region } from '../regions.ts';

/** What an app is told by its environment. */
export interface AppSettings {
  readonly region: Region;
  /** Its number among the processes of the region. */
  readonly process: number;
  readonly deployment: Deployment;
  readonly port: number;
  /** Where this app reaches each region's app: each on a way of its own, which can be cut. */
  readonly origins: Readonly<Record<Region, string>>;
  /** Where this app reaches each region's database. */
  readonly databases: Readonly<Record<Region, string>>;
  /** Where this app reaches whatever the name for the primary leads to; absent without such a name. */
  readonly endpoint?: string;
  /** The file that remembers the highest epoch, of all regions. */
  readonly storeFile: string;
  readonly secret: string;
  /** What this environment is called in tokens. */
  readonly environment: string;
  /** It can be asked how it is. */
  readonly probed: boolean;
}

export function toEnvironment(settings: AppSettings): Record<string, string> {
  return { PROOF_APP: JSON.stringify(settings) };
}

/** @throws {Error} the process was not started by the proof. */
export function fromEnvironment(environment: NodeJS.ProcessEnv): AppSettings {
  const given = environment['PROOF_APP'];
  if (given === undefined) throw new Error('PROOF_APP is not set: this process is started by the proof');
  const settings = JSON.parse(given) as AppSettings;
  if (!REGIONS.includes(settings.region)) throw new Error('PROOF_APP names no region');
  return settings;
}
