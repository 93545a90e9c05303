import { check, type Range } from './check.ts';

/**
 * Checks one option and returns the setting. `option` names it for the error; `given` is undefined where it was not given.
 *
 * @throws {TypeError | RangeError} it is not what it must be
 */
export type OptionCheck<Setting> = (option: string, given: never) => Setting;

/**
 * A check for each option: its names are the options there are. They are read in the order of the table, so a check may
 * use the settings of the options above it.
 */
export type OptionTable<Settings extends object> = {
  readonly [Name in keyof Settings]-?: (option: string, given: never, above: Settings) => Settings[Name];
};

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
  const settings = {} as Settings;
  for (const key of names) {
    settings[key] = table[key](`${prefix}${key}`, (given as Settings)[key] as never, settings);
  }
  return settings;
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

/** An integer with a default. */
export function integer(byDefault: number, range?: Range): OptionCheck<number> {
  return withDefault(byDefault, (option, given) => check.integer(option, given, range));
}

/** One of a few values, with a default. */
export function oneOf<const T extends string | number>(byDefault: NoInfer<T>, allowed: readonly T[]): OptionCheck<T> {
  return withDefault<T>(byDefault, (option, given) => check.oneOf(option, given, allowed));
}

/** An option that is checked elsewhere, or together with others. */
export function unchecked<Given>(_option: string, given: Given): Given {
  return given;
}

/** Options under one name, each with its own check. Left out, each has its default. */
export function group<Settings extends object>(table: OptionTable<Settings>): OptionCheck<Settings> {
  return (option, given: object | undefined) =>
    readOptions(option, `${option}.`, given === undefined ? {} : given, table);
}
