/** An error in the format of the AWS JSON protocol. */
export class WireError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** The input of an operation: the parsed JSON body. */
export type Input = Readonly<Record<string, unknown>>;

/** One operation of a service. Its result is sent as JSON, and its error as an error of the protocol. */
export type Operation = (input: Input) => unknown;

export function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== 'string' || value === '') throw new WireError('ValidationException', `${name} is required`);
  return value;
}

export function texts(input: Input, name: string, max: number): readonly string[] {
  const value = input[name];
  if (!Array.isArray(value) || value.length === 0 || value.length > max) {
    throw new WireError('ValidationException', `${name} must have 1 to ${max} members`);
  }
  return value as string[];
}

/** One page of a list: at most `MaxResults` members, and the token of the next page. */
export function page<T>(all: readonly T[], input: Input, max: number): { readonly items: readonly T[]; next?: string } {
  const size = (input['MaxResults'] as number | undefined) ?? max;
  if (size < 1 || size > max) throw new WireError('ValidationException', `MaxResults must be from 1 to ${max}`);
  const from = Number((input['NextToken'] as string | undefined) ?? 0);
  const to = from + size;
  return { items: all.slice(from, to), ...(to < all.length && { next: String(to) }) };
}
