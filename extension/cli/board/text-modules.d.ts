/** Sources that are bundled as text: see the loaders of build.mjs and vitest.config.ts. */
declare module '*.c' {
  const text: string;
  export default text;
}
declare module '*.h' {
  const text: string;
  export default text;
}
declare module '*.ld' {
  const text: string;
  export default text;
}
