import type { OperationKind, ReadKind, WriteKind } from './entries.ts';

export function isRead(kind: OperationKind): kind is ReadKind {
  return kind === 'get' || kind === 'list';
}

export function isWrite(kind: OperationKind): kind is WriteKind {
  return !isRead(kind) && kind !== 'visit';
}
