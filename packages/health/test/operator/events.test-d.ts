/** Compiled, never run: each event of a router is kept by the operator door, or left out on purpose. */
import type { RegionRouter, RouterEvents } from '@regionkit/db-router';
import { expectTypeOf } from 'vitest';
import type { OperatedRouter, RouterEventName } from '../../src/operator/index.ts';

/** Each is about one statement or one request, and says nothing of a node or of a lost write: too many to keep. */
type LeftOut =
  | 'route'
  | 'retry'
  | 'token-invalid'
  | 'token-elsewhere'
  | 'token-late'
  | 'position-unknown'
  | 'stale-read';

expectTypeOf<RouterEventName>().toEqualTypeOf<Exclude<keyof RouterEvents, LeftOut>>();
expectTypeOf<LeftOut>().toExtend<keyof RouterEvents>();
expectTypeOf<RegionRouter>().toExtend<OperatedRouter>();
