import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ForwardingJavaFileObject;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Waits, warm, for one program; compiles it in this JVM and becomes it. Descriptors 3 and 4: see ../init/init.c. */
public final class Runner {
    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();

    public static void main(String[] args) throws Exception {
        warmUp();
        if (args.length > 0) return; // the image's build: only the classes that are loaded until here are wanted
        FileOutputStream status = new FileOutputStream("/proc/self/fd/4");
        status.write('r');
        List<String> asked = arguments();
        Path classes = Files.createTempDirectory("classes");
        if (!compile(sources(), classes)) {
            status.write('c');
            System.exit(1);
        }
        status.write('p');
        status.close();
        run(asked, classes);
    }

    /** The compiler's classes are loaded and its hot paths are run before anybody waits. */
    private static void warmUp() throws IOException {
        Path folder = Files.createTempDirectory("warm");
        Path source = folder.resolve("Warm.java");
        Files.writeString(source, "import java.util.*; class Warm { public static void main(String[] a) { List<String> l = new ArrayList<>(); l.add(\"x\"); for (String s : l) System.out.println(s + l.size()); } }");
        for (int i = 0; i < 3; i++) compile(List.of(source), folder);
        try (Stream<Path> made = Files.list(folder)) {
            for (Path file : made.collect(Collectors.toList())) Files.delete(file);
        }
        Files.delete(folder);
    }

    private static List<String> arguments() throws IOException {
        try (FileInputStream control = new FileInputStream("/proc/self/fd/3")) {
            ByteArrayOutputStream read = new ByteArrayOutputStream(); // readAllBytes wants to seek, and this is a pipe
            byte[] part = new byte[4096];
            for (int got = control.read(part); got > 0; got = control.read(part)) read.write(part, 0, got);
            String all = read.toString(StandardCharsets.UTF_8);
            return Arrays.asList(all.substring(0, all.length() - 1).split("\0", -1));
        }
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(""))) {
            return files.filter(file -> file.toString().endsWith(".java")).collect(Collectors.toList());
        }
    }

    private static boolean compile(List<Path> sources, Path into) throws IOException {
        try (StandardJavaFileManager files = COMPILER.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            List<JavaFileObject> units = new ArrayList<>();
            for (JavaFileObject file : files.getJavaFileObjectsFromPaths(sources)) units.add(new AnyName(file));
            List<String> options = List.of("-d", into.toString(), "-proc:none", "-nowarn");
            return COMPILER.getTask(new PrintWriter(System.err, true), files, null, options, null, units).call();
        }
    }

    /** A source whose public class may have another name than its file. */
    private static final class AnyName extends ForwardingJavaFileObject<JavaFileObject> {
        AnyName(JavaFileObject file) {
            super(file);
        }

        @Override
        public boolean isNameCompatible(String name, Kind kind) {
            return kind == Kind.SOURCE;
        }
    }

    /** The entry file's class of the same name, or the first class of all that has a main. */
    private static void run(List<String> asked, Path classes) throws Exception {
        URLClassLoader loader = new URLClassLoader(new URL[] {classes.toUri().toURL()});
        String[] args = asked.subList(1, asked.size()).toArray(new String[0]);
        Method main = main(loader, asked.get(0), classes);
        Thread.currentThread().setContextClassLoader(loader);
        try {
            main.invoke(null, (Object) args);
        } catch (InvocationTargetException thrown) {
            thrown.getCause().printStackTrace();
            System.exit(1);
        }
    }

    private static Method main(ClassLoader loader, String entry, Path classes) throws IOException {
        List<String> names = new ArrayList<>();
        names.add(entry.replaceFirst("\\.java$", "").replace('/', '.'));
        try (Stream<Path> files = Files.walk(classes)) {
            files.map(file -> classes.relativize(file).toString()).filter(file -> file.endsWith(".class")).sorted()
                .forEach(file -> names.add(file.replaceFirst("\\.class$", "").replace('/', '.')));
        }
        for (String name : names) {
            try {
                Method found = loader.loadClass(name).getDeclaredMethod("main", String[].class);
                found.setAccessible(true);
                return found;
            } catch (ReflectiveOperationException | LinkageError other) {
                continue;
            }
        }
        System.err.println("no class has a method main(String[])");
        System.exit(1);
        throw new IllegalStateException();
    }
}
