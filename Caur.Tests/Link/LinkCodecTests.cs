using System.Text;
using System.Text.Json;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary>Messages to bytes and back.</summary>
public sealed class LinkCodecTests
{
    [Fact]
    public void Decode_OfWhatWasEncoded_IsTheSame()
    {
        foreach (var message in LinkSamples.All)
        {
            var bytes = LinkCodec.Encode(message);
            var reading = LinkSamples.Read(message, bytes);
            reading.Refusal.ShouldBeNull();
            reading.Message.ShouldBeOfType(message.GetType());
            LinkCodec.Encode(reading.Message!).ShouldBe(bytes);
        }

        LinkSamples.All.Select(LinkCodec.NameOf).ShouldBe(LinkCodec.Types, ignoreOrder: true);
    }

    [Fact]
    public void Decode_OfRandomLogPieces_IsTheSame()
    {
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var bytes = new byte[random.Next(LinkProtocol.MaxLogBytes + 1)];
            random.NextBytes(bytes);
            var chunk = new LogChunk
            {
                Attempt = new AttemptRef($"é{random.Next()}/日本", random.Next(1, int.MaxValue)),
                Sequence = random.NextInt64(),
                Offset = random.NextInt64(long.MaxValue - bytes.Length),
                Bytes = bytes,
            };
            var id = random.NextInt64(1, long.MaxValue);

            var read = LogFrame.Decode(LogFrame.Encode(new LogRequest(chunk) { Id = id })).Message.ShouldBeOfType<LogRequest>();

            read.Id.ShouldBe(id);
            (read.Chunk with { Bytes = bytes }).ShouldBe(chunk);
            read.Chunk.Bytes.ToArray().ShouldBe(bytes);
        }
    }

    [Fact]
    public void Orders_AsManyAndAsLargeAsMayBe_GoIntoOneMessage()
    {
        var sample = LinkSamples.All.OfType<OrdersReply>().Single().Orders[0];
        var room = LinkProtocol.MaxOrderBytes - JsonSerializer.SerializeToUtf8Bytes(sample with { TrustedKeys = [""] }, LinkJson.Default.BuildOrder).Length;
        var largest = sample with { TrustedKeys = [new string('k', room)] };
        LinkCodec.Problem(largest).ShouldBeNull();
        LinkCodec.Problem(largest with { TrustedKeys = [new string('k', room + 1)] }).ShouldNotBeNull();

        var bytes = LinkCodec.Encode(new OrdersReply([.. Enumerable.Repeat(largest, LinkProtocol.MaxOrders)]) { Id = long.MaxValue });

        LinkCodec.Decode(bytes).Refusal.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"type":"take","id":1,"free":1,"more":{"of":["a","later","version"]}}""", null)]
    [InlineData("""{"id":1,"free":1,"type":"take"}""", null)]
    [InlineData("""{"type":"take","id":1}""", LinkEndReason.Malformed)]
    [InlineData("""{"type":"take","id":1,"free":0}""", LinkEndReason.OutOfBounds)]
    [InlineData("""{"type":"take","id":1,"id":2,"free":1}""", LinkEndReason.Malformed)]
    [InlineData("""{"type":"progress","id":1,"attempt":{"build":"a","number":1},"step":1}""", LinkEndReason.Malformed)]
    [InlineData("""{"type":"progress","id":1,"attempt":{"build":"","number":1},"step":"running"}""", LinkEndReason.OutOfBounds)]
    [InlineData("""{"type":"renew","id":1,"running":[null]}""", LinkEndReason.Malformed)]
    [InlineData("""{"type":"orders","id":1,"orders":[null]}""", LinkEndReason.OutOfBounds)]
    [InlineData("""{"type":"complete","id":1,"result":{"attempt":{"build":"a","number":1},"outcome":"failed"}}""", LinkEndReason.OutOfBounds)]
    [InlineData("""{"type":"log","id":1}""", LinkEndReason.UnknownType)]
    [InlineData("""{"type":"nonsense"}""", LinkEndReason.UnknownType)]
    [InlineData("""{"id":1}""", LinkEndReason.Malformed)]
    [InlineData("""[]""", LinkEndReason.Malformed)]
    [InlineData("""null""", LinkEndReason.Malformed)]
    [InlineData("", LinkEndReason.Malformed)]
    public void Decode_OfJson_TakesWhatIsKnownAndNamesWhatIsWrong(string json, LinkEndReason? wrong)
    {
        var reading = LinkCodec.Decode(Encoding.UTF8.GetBytes(json));

        reading.Refusal?.Reason.ShouldBe(wrong!.Value);
        (reading.Message is null).ShouldBe(wrong is not null);
    }

    /// <summary>What this version says, checked in: another version of the code has to say and understand the same.</summary>
    [Fact]
    public void Welcome_OfAHubThatKnowsOnlyTheHostOfItsSftpServer_IsUnderstood()
    {
        var said = new WelcomeReply(new HelloReply { Accepted = true }) { Id = 1, Sftp = new SftpServer("farm.example.org") };

        var read = LinkSamples.Read(said, LinkCodec.Encode(said));

        read.Refusal.ShouldBeNull();
        read.Message.ShouldBeOfType<WelcomeReply>().Sftp.ShouldBe(new SftpServer("farm.example.org"));
    }

    [Fact]
    public async Task Session_ThatIsRecorded_IsStillWhatIsSaidAndUnderstood()
    {
        var lines = LinkSamples.All.Select(message =>
            $"{(message is LinkRequest ? '>' : message is PingNotice ? '=' : '<')} "
            + (message is LogRequest ? $"binary {Convert.ToHexStringLower(LinkCodec.Encode(message))}" : Encoding.UTF8.GetString(LinkCodec.Encode(message))));

        await CheckedInText.ShouldBe("Caur.Tests/Link/Recorded/v1-messages.txt", string.Join('\n', lines) + "\n", "CAUR_ACCEPT_LINK");
    }
}
