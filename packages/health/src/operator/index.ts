export {
  createOperatorDoor,
  type OperatorDoor,
  type OperatorEvents,
} from './door.ts';
export type { OperatorDoorOptions } from './options.ts';
export type { OperatedPool, OperatedPools } from './pools.ts';
export type { OperatedRouter, OperatorAction, OperatorPause, RouterEventName } from './router.ts';
