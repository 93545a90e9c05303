import { dropRejection } from './harmless.ts';

/**
 * Who wants to hear of something. Telling allocates nothing and reaches exactly those who listened when it began, so a
 * listener may come and go while it is told; one that throws or rejects harms nobody.
 */
export interface Audience<T> {
  readonly size: number;
  /** Adds a listener, once for each call, until the returned function is called. */
  join(listener: (news: T) => void): () => void;
  tell(news: T): void;
}

export function createAudience<T>(): Audience<T> {
  let seats: readonly { readonly listener: (news: T) => unknown }[] = [];
  return {
    get size() {
      return seats.length;
    },
    join: (listener) => {
      const seat = { listener };
      seats = [...seats, seat];
      return () => {
        seats = seats.filter((other) => other !== seat);
      };
    },
    tell: (news) => {
      for (const { listener } of seats) {
        try {
          dropRejection(listener(news));
        } catch {
          // What it has to say it says elsewhere: the others must still be told.
        }
      }
    },
  };
}
