import { check } from './check.ts';

/**
 * Checks one option and returns the setting. `option` names it for the error; `given` is undefined where it was not given.
 *
 * @throws {TypeError | RangeError} it is not what it must be
 */
export type OptionCheck<Setting> = (option: string, given: never) => Setting;

/** A check for each option: its names are the options there are. */
export type OptionTable<Settings extends object> = { readonly [Name in keyof Settings]-?: OptionCheck<Settings[Name]> };

/**
 * Reads options by a table.
 *
 * @param name what the options are called in an error
 * @param prefix what stands before the name of each
 */
export function readOptions<Settings extends object>(
  name: string,
  prefix: string,
  given: object,
  table: OptionTable<Settings>,
): Settings {
  const names = Object.keys(table) as (keyof Settings & string)[];
  check.object(name, given, names as never);
  const read = (key: keyof Settings & string): unknown =>
    table[key](`${prefix}${key}`, (given as Record<string, unknown>)[key] as never);
  return Object.fromEntries(names.map((key) => [key, read(key)])) as Settings;
}

/** An option that may be left out, and is then undefined. */
export function optional<Given, Setting>(
  checkGiven: (option: string, given: Given) => Setting,
): OptionCheck<Setting | undefined> {
  return (option, given: Given | undefined) => (given === undefined ? undefined : checkGiven(option, given));
}

/** An option that has a default. `null` is not left out: it is checked, and most checks refuse it. */
export function withDefault<Given>(
  byDefault: Given,
  checkGiven: (option: string, given: Given) => Given,
): OptionCheck<Given> {
  return (option, given: Given | undefined) => checkGiven(option, given === undefined ? byDefault : given);
}

/** Options under one name, each with its own check. Left out, each has its default. */
export function group<Settings extends object>(table: OptionTable<Settings>): OptionCheck<Settings> {
  return (option, given: object | undefined) =>
    readOptions(option, `${option}.`, given === undefined ? {} : given, table);
}
