/** A set whose members come and go all the time, in the order in which they came. */
export interface Roster<T> {
  /** @returns removes the member. False if it was removed before */
  add(member: T): () => boolean;
  /** Returns all members. It stays as it is while they come and go. */
  all(): T[];
  readonly size: number;
}

/**
 * A `Map` or `Set` makes a new table each time it has filled the last one, and the last one refers to the new one and to
 * the members of its time. Once one table is old, the quick collection of young garbage frees none of the members that
 * follow: with one member for each request, this doubles the time for garbage. Here the place of a removed member refers to no other.
 */
export function createRoster<T>(): Roster<T> {
  // A ring. This place is before the first member and after the last one.
  const end = placeOf<T | undefined>(undefined);
  let size = 0;

  return {
    add: (member) => {
      const place = placeOf<T | undefined>(member);
      join(end.before, place);
      join(place, end);
      size += 1;
      return () => {
        if (place.after === place) return false;
        join(place.before, place.after);
        join(place, place);
        size -= 1;
        return true;
      };
    },
    all: () => {
      const members: T[] = [];
      for (let place = end.after; place !== end; place = place.after) members.push(place.member as T);
      return members;
    },
    get size() {
      return size;
    },
  };
}

interface Place<T> {
  readonly member: T;
  before: Place<T>;
  after: Place<T>;
}

/** A place that refers to no other. */
function placeOf<T>(member: T): Place<T> {
  const place = { member } as Place<T>;
  join(place, place);
  return place;
}

function join<T>(before: Place<T>, after: Place<T>): void {
  before.after = after;
  after.before = before;
}
