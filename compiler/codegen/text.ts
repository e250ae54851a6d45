/** C text that grows line by line and remembers which lines are whose. */
import type { Mark } from './calls.ts';

export interface MarkedLines extends Mark {
  /** Line numbers from 1, both inclusive. */
  readonly first: number;
  readonly last: number;
}

export class SourceText {
  readonly marks: MarkedLines[] = [];
  private readonly parts: string[] = [];
  private lines = 0;

  /** One or more lines, without the last line end. */
  add(text: string, mark?: Mark): void {
    const first = this.lines + 1;
    this.parts.push(text);
    this.lines += text.split('\n').length;
    if (mark !== undefined) this.marks.push({ ...mark, first, last: this.lines });
  }

  /** Another text at the end of this one. */
  append(other: SourceText): void {
    const before = this.lines;
    this.parts.push(...other.parts);
    this.lines += other.lines;
    this.marks.push(...other.marks.map((mark) => ({ ...mark, first: before + mark.first, last: before + mark.last })));
  }

  toString(): string {
    return `${this.parts.join('\n')}\n`;
  }
}
