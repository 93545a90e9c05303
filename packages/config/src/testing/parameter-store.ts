import { type Input, type Operation, page, text, texts, WireError } from './wire-error.ts';

export type ParameterType = 'String' | 'StringList' | 'SecureString';

export interface FakeParameter {
  readonly value: string;
  /** @default 'String' */
  readonly type?: ParameterType;
}

interface Version {
  readonly value: string;
  readonly type: ParameterType;
  readonly version: number;
  readonly modifiedAtMs: number;
}

/** The parameters of one region. Parameter Store does not replicate: each region has its own. */
export interface ParameterStore {
  set(name: string, parameter: string | FakeParameter): void;
  remove(name: string): void;
  readonly operations: Readonly<Record<string, Operation>>;
}

export interface ParameterStoreOptions {
  readonly region: string;
  readonly account: string;
  readonly partition: string;
  nowMs(): number;
}

export function createParameterStore({ region, account, partition, nowMs }: ParameterStoreOptions): ParameterStore {
  const all = new Map<string, Version[]>();
  const set: ParameterStore['set'] = (name, given) => {
    const { value, type = 'String' } = typeof given === 'string' ? { value: given } : given;
    const versions = all.get(name) ?? [];
    all.set(name, [...versions, { value, type, version: versions.length + 1, modifiedAtMs: nowMs() }]);
  };
  /** `name`, or `name:version`. */
  const find = (selector: string): { readonly name: string; readonly version: Version } | undefined => {
    const [name = '', number] = selector.split(':');
    const versions = all.get(name) ?? [];
    const version = number === undefined ? versions.at(-1) : versions.find((one) => String(one.version) === number);
    return version && { name, version };
  };
  const shown = (name: string, { value, type, version, modifiedAtMs }: Version, input: Input): object => ({
    Name: name,
    Type: type,
    Value: type === 'SecureString' && input['WithDecryption'] !== true ? 'AQICAHencrypted' : value,
    Version: version,
    LastModifiedDate: modifiedAtMs / 1_000,
    ARN: `arn:${partition}:ssm:${region}:${account}:parameter/${name.replace(/^\//, '')}`,
    DataType: 'text',
  });

  return {
    set,
    remove: (name) => {
      all.delete(name);
    },
    operations: {
      GetParameter: (input) => {
        const found = find(text(input, 'Name'));
        if (found === undefined) throw new WireError('ParameterNotFound', 'There is no such parameter.');
        return { Parameter: shown(found.name, found.version, input) };
      },
      GetParameters: (input) => {
        const names = texts(input, 'Names', 10);
        const found = names.flatMap((selector) => {
          const one = find(selector);
          return one === undefined ? [] : [{ ...one, selector: selector.slice(one.name.length) }];
        });
        return {
          Parameters: found
            .toSorted((left, right) => (left.name < right.name ? -1 : 1))
            .map(({ name, version, selector }) => ({
              ...shown(name, version, input),
              ...(selector !== '' && { Selector: selector }),
            })),
          InvalidParameters: names.filter((selector) => find(selector) === undefined),
        };
      },
      GetParametersByPath: (input) => {
        const path = text(input, 'Path');
        const prefix = path.endsWith('/') ? path : `${path}/`;
        const names = [...all.keys()]
          .filter((name) => name.startsWith(prefix))
          .filter((name) => input['Recursive'] === true || !name.slice(prefix.length).includes('/'))
          .toSorted();
        const { items, next } = page(names, input, 10);
        const parameters = items.map((name) => shown(name, all.get(name)?.at(-1) as Version, input));
        return { Parameters: parameters, ...(next !== undefined && { NextToken: next }) };
      },
      PutParameter: (input) => {
        const name = text(input, 'Name');
        if (all.has(name) && input['Overwrite'] !== true) {
          throw new WireError('ParameterAlreadyExists', 'The parameter exists already.');
        }
        set(name, { value: text(input, 'Value'), type: (input['Type'] as ParameterType | undefined) ?? 'String' });
        return { Version: all.get(name)?.length, Tier: 'Standard' };
      },
    },
  };
}
