import { vi } from 'vitest';
import type { RegionKitOptions } from '../src/index.ts';

export const SECRET = 'a secret of at least thirty-two bytes';
export type Name = 'us-east-1' | 'eu-west-1';
export const REGIONS = {
  'us-east-1': 'https://app-us-east-1.example.com',
  'eu-west-1': 'https://app-eu-west-1.example.com',
} as const;
/** Nothing listens there. */
export const URL_HERE = 'postgres://app:hunter2@127.0.0.1:1/app';

/** The options of an app in two regions. */
export const options = {
  self: 'eu-west-1',
  regions: REGIONS,
  databaseUrl: URL_HERE,
  secret: SECRET,
  cookieDomain: 'example.com',
} as const satisfies RegionKitOptions<Name, Name, undefined, undefined>;

/** Process warnings, by code. Nothing listens at `URL_HERE`, which is told at any time. */
export function watchWarnings() {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return {
    codes: () =>
      warned.mock.calls
        .map(([, more]) => (more as { code: string }).code)
        .filter((code) => code !== 'REGIONKIT_NODE_UNREACHABLE'),
    clear: () => void warned.mockClear(),
  };
}
