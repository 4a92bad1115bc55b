// Signs inputs.tsv with Java's Mac: java Java.java > java.tsv
import java.nio.file.*;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Java {
    public static void main(String[] arguments) throws Exception {
        System.out.println("# made by: java Java.java > java.tsv (Java " + System.getProperty("java.version") + ")");
        for (String line : Files.readAllLines(Path.of("inputs.tsv"))) {
            if (line.startsWith("#")) continue;
            String[] parts = line.split("\t");
            byte[] body = HexFormat.of().parseHex(parts[3].equals("-") ? "" : parts[3]);
            boolean smileApi = parts[0].equals("smile-api");
            String algorithm = smileApi ? "HmacSHA512" : "HmacSHA256";
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(HexFormat.of().parseHex(parts[1]), algorithm));
            if (!smileApi) mac.update((parts[2] + ".").getBytes());
            byte[] tag = mac.doFinal(body);
            System.out.println(smileApi ? HexFormat.of().formatHex(tag) : Base64.getEncoder().encodeToString(tag));
        }
    }
}
