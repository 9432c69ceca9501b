package hello;

import com.sun.net.httpserver.HttpServer;
import java.awt.Font;
import java.awt.image.BufferedImage;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.DriverManager;

public class Main {
    static String seen() {
        try (var connection = DriverManager.getConnection("jdbc:sqlite::memory:");
                var rows = connection.createStatement().executeQuery("select sqlite_version()")) {
            rows.next();
            byte[] text = "hello hello hello hello".getBytes(StandardCharsets.UTF_8);
            var picture = new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB).createGraphics();
            picture.setFont(new Font("SansSerif", Font.PLAIN, 10));
            picture.drawString("drawn", 0, 10);
            return String.join(" ",
                "" + !rows.getString(1).isEmpty(),
                "" + (org.xerial.snappy.Snappy.compress(text).length > 0),
                "" + (com.github.luben.zstd.Zstd.compress(text).length > 0),
                "" + (net.jpountz.lz4.LZ4Factory.nativeInstance().fastCompressor().compress(text).length > 0),
                "" + (com.sun.jna.Native.POINTER_SIZE == 8),
                "" + (org.fusesource.jansi.internal.CLibrary.isatty(1) >= 0),
                "" + (com.kenai.jffi.Library.getDefault() != null));
        } catch (Throwable wrong) {
            return wrong.toString();
        }
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "5000"));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", exchange -> {
            byte[] body = seen().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}
