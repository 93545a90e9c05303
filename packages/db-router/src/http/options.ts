import type { RegionView, RequestView } from '@regionkit/core';
import {
  type Clock,
  check,
  integer,
  type OptionTable,
  optional,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';
import type { GateRouter } from '../gate-seam.ts';
import { checkSync, IS_WRITE } from './app-function.ts';
import { type CheckedForward, checkForward, type ForwardOptions } from './forward-options.ts';
import { type CheckedToken, checkToken, type TokenOptions } from './token-options.ts';

export interface WriteGateOptions<Name extends string = string> {
  /** The router of this process. The gate takes its regions and its `writes` from it. */
  readonly router: GateRouter<Name>;
  /** Required if the router's `writes` is `forward` and there is more than one region. */
  readonly forward?: ForwardOptions;
  /**
   * What the other regions report. A write is refused at once while the primary's region reports that it accepts none.
   */
  readonly view?: RegionView<NoInfer<Name>>;
  /**
   * Whether a request writes. Undefined: the method decides. @default every method except the safe ones of
   * [RFC 9110 section 9.2.1](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1): GET, HEAD, OPTIONS, TRACE
   */
  readonly isWrite?: (request: RequestView) => boolean | undefined;
  readonly token?: TokenOptions;
  /**
   * The `Retry-After` of a refusal, in seconds
   * ([RFC 9110 section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)). @default 1
   */
  readonly retryAfterSeconds?: number;
  readonly clock?: Clock;
}

/** The checked options with their defaults. */
export interface CheckedOptions<Name extends string> {
  readonly router: GateRouter<Name>;
  readonly forward: CheckedForward | undefined;
  readonly view: RegionView<Name> | undefined;
  readonly isWrite: ((request: RequestView) => boolean | undefined) | undefined;
  readonly token: CheckedToken;
  readonly retryAfterSeconds: number;
  readonly clock: Clock;
}

const OPTIONS: OptionTable<CheckedOptions<string>> = {
  router: checkRouter,
  forward: optional(checkForward),
  view: optional(check.view<RegionView>),
  isWrite: optional((option, given: NonNullable<WriteGateOptions['isWrite']>) => checkSync(option, given, IS_WRITE)),
  token: (option, given: TokenOptions | undefined, { router: { regions } }) => checkToken(option, given, regions),
  retryAfterSeconds: integer(1, { max: 86_400 }),
  clock: withDefault<Clock>(systemClock, check.clock),
};

/** @param more what an app gives after the options. There is nothing: earlier versions took the router first. */
export function checkOptions<Name extends string>(
  given: WriteGateOptions<Name>,
  more: readonly unknown[],
): CheckedOptions<Name> {
  if (more.length > 0 || (given as Partial<GateRouter> | undefined)?.gate !== undefined) {
    throw new TypeError(
      'createWriteGate takes one object: createWriteGate({ router, forward, token }); it takes the regions from the router',
    );
  }
  const read = readOptions('createWriteGate: options', 'createWriteGate: ', given, OPTIONS);
  const { regions, writes } = read.router;
  if (writes === 'forward' && regions.list.length > 1 && read.forward === undefined) {
    throw new TypeError("createWriteGate: forward must be set: the router's writes is 'forward'");
  }
  return read as CheckedOptions<Name>;
}

function checkRouter(option: string, given: GateRouter): GateRouter {
  check.object(option, given);
  if (typeof given.gate?.openScope !== 'function') {
    throw new TypeError(`${option} must be what createRegionRouter returns`);
  }
  check.regions(`${option}.regions`, given.regions);
  return given;
}
