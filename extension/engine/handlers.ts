/** All that the engine does for the views, by name. Each file of handlers knows one view's work. */

export const handlers = {} as const;

export type Engine = typeof handlers;
