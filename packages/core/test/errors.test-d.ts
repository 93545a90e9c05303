/**
 * Compiled, never run: what `isRegionKitError` says about a type. The lines marked `@ts-expect-error` must not compile.
 */
import { isRegionKitError, type RegionKitError, regionKitErrorOf } from '../src/index.ts';

interface LostError extends RegionKitError<'ERR_LOST'> {
  readonly node: string;
}
type BusyError = RegionKitError<'ERR_BUSY' | 'ERR_FULL'>;

declare const thrown: unknown;
if (isRegionKitError(thrown)) {
  thrown.code satisfies string;
  thrown.headers satisfies Readonly<Record<string, string>>;
  if (thrown.code === 'ERR_LOST') thrown.code satisfies 'ERR_LOST';
  // @ts-expect-error: not every error has a node
  thrown.node satisfies string;
}
// @ts-expect-error: not known yet
thrown.code satisfies string;

// Of known errors, those of regionkit remain, with their codes.
declare const known: LostError | BusyError | string | undefined;
if (isRegionKitError(known)) {
  known.code satisfies 'ERR_LOST' | 'ERR_BUSY' | 'ERR_FULL';
  if (known.code === 'ERR_LOST') known.node satisfies string;
  // @ts-expect-error: misspelt
  if (known.code === 'ERR_LOTS') throw known;
}

const found = regionKitErrorOf(thrown);
// @ts-expect-error: there may be none
found.code satisfies string;
found?.code satisfies string | undefined;
