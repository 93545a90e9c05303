/** One event of a stream. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has named so far. */
  readonly id: string;
}

export interface EventParser {
  /**
   * Returns the events that are complete with this text.
   *
   * @throws {RangeError} An event is longer than `maxLength`. The stream is of no use any more.
   */
  push(text: string): readonly ServerSentEvent[];
}

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream) that come in
 * pieces. An event without data is dropped. The field `retry` is ignored.
 *
 * @param maxLength how many characters of one event are kept at most
 */
export function createEventParser(maxLength: number): EventParser {
  let rest = '';
  let isAfterCr = false;
  let event = '';
  let data: string[] = [];
  let length = 0;
  let id = '';

  const count = (more: number): void => {
    length += more;
    if (length > maxLength) throw new RangeError(`an event is longer than ${maxLength} characters`);
  };
  const field = (line: string): void => {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') data.push(value);
    else if (name === 'event') event = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
  };
  const dispatch = (): ServerSentEvent | undefined => {
    const whole =
      data.length === 0 ? undefined : { event: event === '' ? 'message' : event, data: data.join('\n'), id };
    event = '';
    data = [];
    length = 0;
    return whole;
  };
  return {
    push: (text) => {
      const events: ServerSentEvent[] = [];
      // A CR ends a line, and so does a CR with an LF after it, which may come in the next piece.
      const fresh = isAfterCr && text.startsWith('\n') ? text.slice(1) : text;
      if (text !== '') isAfterCr = text.endsWith('\r');
      // Only the new text is searched: a long line may come in many pieces.
      const lines = fresh.split(/\r\n|\n|\r/);
      lines[0] = rest + lines[0];
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          const whole = dispatch();
          if (whole !== undefined) events.push(whole);
          continue;
        }
        count(line.length);
        field(line);
      }
      if (length + rest.length > maxLength) count(rest.length);
      return events;
    },
  };
}
