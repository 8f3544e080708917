// Which functions each test case of a package calls itself, by the types that the TypeScript compiler finds.
//
//     NODE_PATH=FOLDER_WITH_TYPESCRIPT_5 node benchmarks/readers/called.cjs FOLDER
//
// A line each: path and name of the test, path and name of what is called, `direct`. A test is `test("..." ...)` or
// `it("..." ...)`, with the words of what is around it before; or a function of its file.
const ts = require("typescript");
const path = require("path");

const root = path.resolve(process.argv[2]);
const files = ts.sys.readDirectory(root, [".ts", ".tsx"], ["**/node_modules"], undefined);
const program = ts.createProgram(files, {
  allowJs: false, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler, strict: true, jsx: ts.JsxEmit.Preserve, allowImportingTsExtensions: true,
  customConditions: process.argv.slice(3),
});
const checker = program.getTypeChecker();
const below = (file) => path.relative(root, file.fileName);
const isTest = (file) => /(\.|\/|^)(test|tests|spec|__tests__)(\.|\/)/.test(below(file));
const CASE = /^(test|it|specify|describe|suite|context)$/;

function caseOf(node) {
  if (!ts.isCallExpression(node)) return undefined;
  let called = node.expression;
  while (ts.isCallExpression(called) || ts.isPropertyAccessExpression(called)) called = called.expression;
  const [words, body] = node.arguments;
  const isCase = ts.isIdentifier(called) && CASE.test(called.text) && words && ts.isStringLiteralLike(words);
  return isCase && node.arguments.some((one) => ts.isArrowFunction(one) || ts.isFunctionExpression(one)) ? words.text : undefined;
}

function nameOf(node) {
  if (node.name && !ts.isMethodSignature(node)) {
    const owner = node.parent && (ts.isClassLike(node.parent) || ts.isObjectLiteralExpression(node.parent)) ? nameOf(node.parent) : "";
    return (owner ? owner + "." : "") + node.name.getText();
  }
  const held = node.parent;
  if (held && ts.isVariableDeclaration(held)) return held.name.getText();
  if (held && ts.isPropertyDeclaration(held)) return nameOf(held.parent) + "." + held.name.getText();
  return "";
}

function visit(file, node, names) {
  const words = caseOf(node);
  const named = words !== undefined ? words : names.length === 0 && ts.isFunctionDeclaration(node) && node.name ? node.name.text : undefined;
  if (named !== undefined) names = [...names, named.split(/\s+/).join(" ").trim()];
  if (names.length && (ts.isCallExpression(node) || ts.isNewExpression(node))) {
    const signature = checker.getResolvedSignature(node);
    const declared = signature && signature.declaration;
    if (declared) {
      const where = declared.getSourceFile();
      const one = ts.isConstructorDeclaration(declared) ? declared.parent : declared;
      const name = nameOf(one);
      if (name && !where.isDeclarationFile && !isTest(where) && !below(where).startsWith(".."))
        console.log([below(file), names.join("."), below(where), name, "direct"].join("\t"));
    }
  }
  ts.forEachChild(node, (child) => visit(file, child, names));
}

for (const file of program.getSourceFiles()) if (!file.isDeclarationFile && isTest(file)) visit(file, file, []);
