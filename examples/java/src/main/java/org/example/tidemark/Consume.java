package org.example.tidemark;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import tidemark.v1.ChangeStreamGrpc;
import tidemark.v1.ChangeStreamOuterClass.AcknowledgeRequest;
import tidemark.v1.ChangeStreamOuterClass.SubscribeRequest;
import tidemark.v1.ChangeStreamOuterClass.SubscribeResponse;
import tidemark.v1.ConsumersGrpc;
import tidemark.v1.ConsumersOuterClass.ListConsumersRequest;

/**
 * Keeps the rows of a Tidemark source in an SQLite file: a named consumer of its gRPC stream.
 *
 * <pre>
 * java -jar consume.jar --server 127.0.0.1:7654 --source shop --consumer search-index --state rows.db
 * java -jar consume.jar --state rows.db --dump
 * </pre>
 *
 * It acknowledges only what is on disk, goes on where it stopped however it was stopped, and connects again with growing
 * pauses. It ends with exit code 1 where a person has to act: the service's message says what to do.
 */
public final class Consume {
  private static final long PAUSE_LEAST_MS = 100;
  private static final long PAUSE_MOST_MS = 10_000;

  /** Trying again does not help. */
  private static final Set<Status.Code> FINAL = EnumSet.of(
      Status.Code.OUT_OF_RANGE, // the place is not retained any more
      Status.Code.ABORTED, // another stream took over the name, or it was moved
      Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND, Status.Code.FAILED_PRECONDITION,
      Status.Code.PERMISSION_DENIED, Status.Code.UNAUTHENTICATED, Status.Code.UNIMPLEMENTED);

  private final Map<String, String> options;
  private final Store store;
  private boolean advanced;

  private Consume(Map<String, String> options, Store store) {
    this.options = options;
    this.store = store;
  }

  private ChannelCredentials credentials() throws IOException {
    if (!options.containsKey("--ca")) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder().trustManager(new File(options.get("--ca")));
    if (options.containsKey("--cert")) {
      tls.keyManager(new File(options.get("--cert")), new File(options.get("--key")));
    }
    return tls.build();
  }

  private ManagedChannel openChannel() throws IOException {
    return Grpc.newChannelBuilder(options.getOrDefault("--server", "127.0.0.1:7654"), credentials())
        .maxInboundMessageSize(Integer.MAX_VALUE) // an event of more than 4 MiB comes alone
        .keepAliveTime(30, TimeUnit.SECONDS) // notices a server that is gone without a word
        .keepAliveTimeout(15, TimeUnit.SECONDS)
        .build();
  }

  private Metadata metadata() throws IOException {
    Metadata metadata = new Metadata();
    if (options.containsKey("--token-file")) {
      String token = Files.readAllLines(Path.of(options.get("--token-file"))).get(0).strip();
      metadata.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    }
    return metadata;
  }

  /** One connection, a new one each time, so that renewed certificates and tokens are read. Ends by an exception. */
  private void run() throws IOException, SQLException {
    ManagedChannel channel = openChannel();
    try {
      var token = MetadataUtils.newAttachHeadersInterceptor(metadata());
      var stream = ChangeStreamGrpc.newBlockingStub(channel).withInterceptors(token);
      begin(stream, ConsumersGrpc.newBlockingStub(channel).withInterceptors(token));
      Iterator<SubscribeResponse> responses = stream.subscribe(
          SubscribeRequest.newBuilder().setSource(source()).setConsumer(options.get("--consumer")).build());
      while (responses.hasNext()) {
        acknowledge(stream, store.take(source(), responses.next().getEventsList()) - 1);
        advanced = true;
      }
    } finally {
      channel.shutdownNow();
    }
  }

  /** The service knows what we hold. It may know less, if we were killed in between; never more. */
  private void begin(ChangeStreamGrpc.ChangeStreamBlockingStub stream, ConsumersGrpc.ConsumersBlockingStub consumers)
      throws SQLException {
    long next = store.next(source());
    if (next > 1) {
      acknowledge(stream, next - 1);
    }
    var known = consumers.list(ListConsumersRequest.newBuilder().setSource(source()).build()).getConsumersList();
    for (var consumer : known) {
      if (consumer.getName().equals(options.get("--consumer")) && consumer.getAcknowledgedSequence() >= next) {
        throw Status.FAILED_PRECONDITION.withDescription(String.format(
            "%s holds events up to %d, but %d was acknowledged: it is not the file of this consumer, or an old copy. "
                + "Remove it, delete the consumer (tidemark consumer delete %s), and take a snapshot once this program "
                + "runs again.", options.get("--state"), next - 1, consumer.getAcknowledgedSequence(),
            consumer.getName())).asRuntimeException();
      }
    }
  }

  private void acknowledge(ChangeStreamGrpc.ChangeStreamBlockingStub stream, long sequence) {
    stream.acknowledge(AcknowledgeRequest.newBuilder().setSource(source()).setConsumer(options.get("--consumer"))
        .setSequence(sequence).build());
  }

  private String source() {
    return options.get("--source");
  }

  private void follow() throws IOException, SQLException, InterruptedException {
    long pauseMs = PAUSE_LEAST_MS;
    while (true) {
      advanced = false;
      try {
        run();
      } catch (StatusRuntimeException error) {
        if (FINAL.contains(error.getStatus().getCode())) {
          throw error;
        }
        System.err.println(error.getMessage() + "; connecting again");
      }
      pauseMs = advanced ? PAUSE_LEAST_MS : Math.min(pauseMs * 2, PAUSE_MOST_MS);
      Thread.sleep(ThreadLocalRandom.current().nextLong(pauseMs / 2, pauseMs));
    }
  }

  private static Map<String, String> parse(String[] arguments) {
    Set<String> known = Set.of("--server", "--source", "--consumer", "--state", "--ca", "--cert", "--key", "--token-file");
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < arguments.length; ++i) {
      if (arguments[i].equals("--dump")) {
        options.put("--dump", "");
      } else if (known.contains(arguments[i]) && i + 1 < arguments.length) {
        options.put(arguments[i], arguments[++i]);
      } else {
        throw new IllegalArgumentException(arguments[i] + ": expected one of --dump or, each with a value, " + known);
      }
    }
    boolean complete = options.containsKey("--dump") || options.containsKey("--source") && options.containsKey("--consumer");
    if (!options.containsKey("--state") || !complete) {
      throw new IllegalArgumentException("--state, --source and --consumer are required");
    }
    return options;
  }

  public static void main(String[] arguments) throws Exception {
    try {
      Map<String, String> options = parse(arguments);
      try (Store store = new Store(options.get("--state"))) {
        if (options.containsKey("--dump")) {
          store.dump(System.out::println);
        } else {
          new Consume(options, store).follow();
        }
      }
    } catch (StatusRuntimeException | SQLException | IOException | IllegalArgumentException error) {
      System.err.println(error.getMessage());
      System.exit(1);
    }
  }
}
