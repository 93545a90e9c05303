import { copyOf } from './copy-of.ts';
/** The last token of each connection. */
export interface ConnectionMemo<V> {
  /** What was noted for this token, if the connection presents the same again. */
  find(connection: object, token: string): V | undefined;
  note(connection: object, token: string, value: V): void;
}

interface Note<V> {
  value: V;
  /** Undefined while the token was presented once: a connection of a proxy brings another token each time. */
  token: string | undefined;
}

/**
 * Finds a token by comparing it with the last one of its connection, which costs far less than a digest. It is kept from
 * the second time on, and as long as the connection is open.
 */
export function createConnectionMemo<V extends object>(): ConnectionMemo<V> {
  const notes = new WeakMap<object, Note<V>>();
  return {
    find: (connection, token) => {
      const note = notes.get(connection);
      return note !== undefined && note.token === token ? note.value : undefined;
    },
    note: (connection, token, value) => {
      const note = notes.get(connection);
      if (note === undefined) notes.set(connection, { value, token: undefined });
      else if (note.value === value) note.token = copyOf(token);
      else {
        note.value = value;
        note.token = undefined;
      }
    },
  };
}
