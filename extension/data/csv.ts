/** Comma-separated values as RFC 4180 has them: quoted fields, doubled quotes, line breaks within quotes. */

export interface CsvRecord {
  /** Of its first character, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

export interface CsvText {
  readonly records: readonly CsvRecord[];
  readonly separator: string;
}

/**
 * Empty lines are left out. The separator is the one of comma, semicolon and tab that the first line has most of.
 * @throws Error with the line where a quoted field does not end, or goes on after its quotes
 */
export function readCsv(text: string): CsvText {
  const body = text.replace(/^\uFEFF/, '');
  const separator = separatorOf(body);
  const records: CsvRecord[] = [];
  let [fields, field, line, start]: [string[], string, number, number] = [[], '', 1, 1];
  let quotes: 'none' | 'open' | 'closed' = 'none';
  const endField = (): void => {
    fields.push(quotes === 'none' ? field.trim() : field);
    [field, quotes] = ['', 'none'];
  };
  const endRecord = (): void => {
    const empty = fields.length === 0 && field.trim() === '' && quotes === 'none';
    if (!empty) {
      endField();
      records.push({ line: start, fields });
    }
    [fields, field] = [[], ''];
  };
  for (let place = 0; place < body.length; place++) {
    const character = body[place] ?? '';
    if (quotes === 'open') {
      if (character === '\n') line++;
      if (character !== '"') field += character;
      else if (body[place + 1] === '"') [field, place] = [`${field}"`, place + 1];
      else quotes = 'closed';
    } else if (character === '\n') {
      endRecord();
      start = ++line;
    } else if (character === separator) {
      endField();
    } else if (character === '"' && field.trim() === '' && quotes === 'none') {
      [field, quotes] = ['', 'open'];
    } else if (quotes === 'none') {
      field += character;
    } else if (character.trim() !== '') {
      throw new Error(`line ${line}: '${character}' after a quoted field`);
    }
  }
  if (quotes === 'open') throw new Error(`line ${start}: a quoted field does not end`);
  endRecord();
  return { records, separator };
}

function separatorOf(body: string): string {
  const first = /^[^\r\n]*/.exec(body)?.[0] ?? '';
  const count = (separator: string): number => first.split(separator).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
