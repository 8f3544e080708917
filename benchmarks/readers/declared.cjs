// Named functions as TypeScript's own parser sees them: `node declared.cjs FOLDER`, with typescript 5 to be required.
// A line each: path, name, first line, last line, words about it, with tabs between; a line with the path alone for each file read.
// What is inside of a named function is left out.

const fs = require("fs");
const path = require("path");
const ts = require("typescript");

const READ = /\.(js|mjs|cjs|jsx|ts|mts|cts|tsx)$/;
const root = process.argv[2];

function* files(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const inside = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* files(inside);
    else if (entry.isFile() && READ.test(entry.name) && !/\.d\.[cm]?ts$/.test(entry.name)) yield inside;
  }
}

const isFunction = (node) => node && (ts.isArrowFunction(node) || ts.isFunctionExpression(node));

// What is given to one of these comes back as the same function, as in modelmill/normalize/javascript.py.
const AROUND = new RegExp(
  "^(?:React[.])?(?:memo|forwardRef|useCallback|cache|observer|createSelector|createAsyncThunk|debounce|throttle|once" +
    "|memoize|promisify|asyncHandler|catchAsync|with[A-Z][A-Za-z]*)$",
);
const isWrapped = (node) =>
  node &&
  ts.isCallExpression(node) &&
  AROUND.test(node.expression.getText()) &&
  node.arguments.some((one) => isFunction(one) || (ts.isCallExpression(one) && one.arguments.some(isFunction)));

function assigned(node) {
  if (!ts.isExpressionStatement(node) || !ts.isBinaryExpression(node.expression)) return;
  const { left, operatorToken, right } = node.expression;
  if (operatorToken.kind !== ts.SyntaxKind.EqualsToken || !isFunction(right)) return;
  if (ts.isIdentifier(left)) return left;
  if (!ts.isPropertyAccessExpression(left)) return;
  const object = left.expression;
  const prototype = ts.isPropertyAccessExpression(object) && object.name.text === "prototype";
  if (ts.isIdentifier(prototype ? object.expression : object)) return left.name;
}

function name(node) {
  if (ts.isConstructorDeclaration(node)) return node.body && "constructor";
  if (ts.isFunctionDeclaration(node)) return node.body && (node.name ?? "default");
  if (ts.isMethodDeclaration(node) || ts.isAccessor(node)) return node.body && node.name;
  const holds = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) || ts.isPropertyDeclaration(node);
  if (holds && isFunction(node.initializer)) return ts.isVariableDeclaration(node) && !ts.isIdentifier(node.name) ? undefined : node.name;
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && isWrapped(node.initializer)) return node.name;
  if (ts.isExportAssignment(node) && (isFunction(node.expression) || isWrapped(node.expression))) return "default";
  return assigned(node);
}

// The nearest JSDoc comment, with its tags, on one line and without its signs.
function about(node, source) {
  const found = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).pop();
  if (!found) return "";
  const lines = found.getText(source).replace(/^\/\*+|\*+\/$/g, "").split("\n");
  return lines.map((one) => one.replace(/^\s*\*+/, "")).join(" ").replace(/\s+/g, " ").trim();
}

for (const file of files(root)) {
  const source = ts.createSourceFile(file, fs.readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const inside = path.relative(root, file);
  const line = (at) => source.getLineAndCharacterOfPosition(at).line + 1;
  console.log(inside);
  const visit = (node) => {
    const found = name(node);
    if (!found) return ts.forEachChild(node, visit);
    const said = typeof found === "string" ? found : found.getText(source);
    const whole = ts.isExpressionStatement(node) || ts.isExportAssignment(node) ? node.expression : node;
    const words = about(node, source);
    console.log([inside, said.replace(/\s+/g, " "), line(whole.getStart(source)), line(whole.getEnd()), words].join("\t"));
  };
  visit(source);
}
