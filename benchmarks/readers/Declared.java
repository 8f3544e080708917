// Methods and constructors as the Java compiler's own parser sees them: `java Declared.java FOLDER`.
// A line each: path, name, first line, last line, words about it, with tabs between. Those inside of methods are left out.

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

public class Declared {
    public static void main(String[] arguments) throws Exception {
        Path root = Path.of(arguments[0]);
        List<Path> paths;
        try (var found = Files.walk(root)) {
            paths = found.filter(path -> path.toString().endsWith(".java")).toList();
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
        JavacTask task = (JavacTask) compiler.getTask(null, files, error -> {}, null, null, files.getJavaFileObjectsFromPaths(paths));
        SourcePositions places = Trees.instance(task).getSourcePositions();
        for (CompilationUnitTree unit : task.parse()) {
            Path path = root.relativize(Path.of(unit.getSourceFile().toUri()));
            System.out.println(path);
            new TreePathScanner<Void, String>() {
                @Override
                public Void visitClass(ClassTree node, String around) {
                    return super.visitClass(node, node.getSimpleName().toString());
                }

                @Override
                public Void visitMethod(MethodTree node, String around) {
                    String name = node.getName().contentEquals("<init>") ? around : node.getName().toString();
                    long first = unit.getLineMap().getLineNumber(places.getStartPosition(unit, node));
                    long last = unit.getLineMap().getLineNumber(places.getEndPosition(unit, node));
                    String words = Trees.instance(task).getDocComment(getCurrentPath());
                    words = words == null ? "" : words.strip().replaceAll("\\s+", " ");
                    System.out.println(path + "\t" + name + "\t" + first + "\t" + last + "\t" + words);
                    return null;
                }
            }.scan(unit, "");
        }
    }
}
