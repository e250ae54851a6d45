/** The bundler turns what a page imports into its one style sheet. */
declare module '*.css';
