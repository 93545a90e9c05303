export {
  createOperatorDoor,
  type OperatorDoor,
  type OperatorEvents,
} from './door.ts';
export type { OperatorDoorOptions } from './options.ts';
export type { OperatedRouter, OperatorAction, RouterEventName } from './router.ts';
