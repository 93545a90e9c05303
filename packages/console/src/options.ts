import type { Agent } from 'node:https';
import type { Live, Logger, Region, Regions } from '@regionkit/core';
import { type Clock, check, optional, readOptions, type Secrets, systemClock, withDefault } from '@regionkit/core/kit';

/** The options of {@link createConsole}. */
export interface ConsoleOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  /**
   * The token of the operator doors: an operator signs in with it, and the console shows it to the doors. At least 32 bytes. Of a
   * list every token may enter, and the first is shown to the doors. Undefined: the console does not exist, and every request
   * passes.
   * @default none
   */
  readonly token: Secrets | Live<Secrets> | undefined;
  /**
   * The address of the operator door of a region. It must use https, except on this machine or with `development`. @default
   * `({ origin }) => origin + '/operator'`
   */
  readonly door?: (region: Region<Name>) => string;
  /** The path below which the page is. @default '/console' */
  readonly path?: string;
  /** Returns the drill that runs, for example what `regionkit gameday` says of it. @default none */
  readonly drill?: () => unknown;
  /** For doors with a private certificate authority or a client certificate. @default Node's own */
  readonly agent?: Agent;
  /** How many pages may be open at once. The others get 503. @default 8 */
  readonly maxListeners?: number;
  /** Wrong tokens. Without it they are process warnings. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface CheckedConsoleOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  readonly token: Secrets | Live<Secrets> | undefined;
  readonly door: (region: Region<Name>) => string;
  readonly path: string;
  readonly drill: () => unknown;
  readonly agent: Agent | undefined;
  readonly maxListeners: number;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

export function checkConsoleOptions<Name extends string>(given: ConsoleOptions<Name>): CheckedConsoleOptions<Name> {
  return readOptions<CheckedConsoleOptions<Name>>('createConsole: options', 'createConsole: ', given, {
    regions: (option, regions: Regions<Name>) => check.regions(option, regions),
    // The token check looks at it.
    token: (_option, token: Secrets | Live<Secrets> | undefined) => token,
    door: withDefault(
      ({ origin }: Region<Name>) => `${origin}/operator`,
      (option, door) => check.function(option, door),
    ),
    path: withDefault('/console', (option, path: string) => {
      if (!/^(?:\/[\w.~-]+)+$/.test(check.string(option, path))) {
        throw new RangeError(`${option} must be a path such as /console, without a slash at its end`);
      }
      return path;
    }),
    drill: withDefault(
      (): unknown => undefined,
      (option, drill) => check.function(option, drill),
    ),
    agent: optional((option, agent: Agent) => check.object(option, agent)),
    maxListeners: withDefault(8, (option, given: number) => check.integer(option, given, { min: 1, max: 1_000 })),
    logger: optional((option, logger: Logger) => check.logger(option, logger)),
    clock: withDefault(systemClock, (option, clock: Clock) => check.clock(option, clock)),
  });
}

/** The address of the events of each door. @throws {TypeError | RangeError} An address would carry the token in the clear. */
export function doorsOf<Name extends string>({
  regions,
  door,
}: CheckedConsoleOptions<Name>): readonly { readonly name: Name; readonly url: string }[] {
  return regions.list.map((region) => {
    const option = `createConsole: door of ${region.name}`;
    const given = check.string(option, door(region));
    const url = URL.canParse(given) ? new URL(given) : undefined;
    // The message does not contain the address, because it may hold credentials.
    if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      throw new RangeError(
        `${option} must be an address such as https://app.example.com/operator, without credentials`,
      );
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (regions.development || isLoopback(url)))) {
      throw new RangeError(`${option} must use https: the token is sent to it (http only on this machine)`);
    }
    return { name: region.name, url: `${url.href.replace(/\/$/, '')}/events` };
  });
}

function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
