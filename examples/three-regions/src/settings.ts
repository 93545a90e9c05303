import { REGIONS, type RegionName } from './names.ts';

/** What a region's process is told by its environment. */
export interface Settings {
  readonly region: RegionName;
  readonly ports: Readonly<Record<RegionName, number>>;
  /** A connection string for each region's database, as it is reached from this region. */
  readonly databases: Readonly<Record<RegionName, string>>;
  /** A directory with one file a secret, as an orchestrator mounts it. */
  readonly secretsDir: string;
  /** Opens the operator doors of all regions. */
  readonly operatorToken: string;
  /** The version that a rollout has brought. Undefined: the demo. */
  readonly release?: Release;
}

/** One version of the app in the rehearsal of a rollout. */
export interface Release {
  readonly version: string;
  /** What is wrong with it. */
  readonly fault?: 'crash' | 'errors' | 'slow';
  /** With it, health names the version. */
  readonly healthToken: string;
}

export function environmentOf(settings: Settings): Record<string, string> {
  return {
    REGION: settings.region,
    PORTS: JSON.stringify(settings.ports),
    DATABASES: JSON.stringify(settings.databases),
    SECRETS_DIR: settings.secretsDir,
    OPERATOR_TOKEN: settings.operatorToken,
    ...(settings.release !== undefined && { RELEASE: JSON.stringify(settings.release) }),
  };
}

/** @throws {Error} a variable is missing: the process was not started by the demo. */
export function settingsFrom(environment: NodeJS.ProcessEnv): Settings {
  const read = (name: string): string => {
    const value = environment[name];
    if (value === undefined) throw new Error(`${name} is not set`);
    return value;
  };
  const region = REGIONS.find((name) => name === read('REGION'));
  if (region === undefined) throw new Error(`REGION must be one of ${REGIONS.join(', ')}`);
  return {
    region,
    ports: JSON.parse(read('PORTS')),
    databases: JSON.parse(read('DATABASES')),
    secretsDir: read('SECRETS_DIR'),
    operatorToken: read('OPERATOR_TOKEN'),
    ...(environment['RELEASE'] !== undefined && { release: JSON.parse(environment['RELEASE']) as Release }),
  };
}
