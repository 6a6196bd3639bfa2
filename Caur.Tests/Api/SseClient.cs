using System.Text.Json;
using Caur.Tests.Support;

namespace Caur.Tests.Api;

/// <summary>Reads server-sent events as a browser does.</summary>
internal sealed class SseClient : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _reader;
    private readonly List<string> _first = [];

    private SseClient(HttpResponseMessage answer, StreamReader reader) => (_answer, _reader) = (answer, reader);

    /// <summary>What it would come back with.</summary>
    public string LastId { get; private set; } = "";

    public static async Task<SseClient> OpenAsync(HttpClient http, string path, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).DefaultTimeout(path);
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)answer.StatusCode}");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var client = new SseClient(answer, new StreamReader(await answer.Content.ReadAsStreamAsync()));
        client._first.AddRange(await client.BlockAsync());
        client._first[0].ShouldStartWith("retry: ");
        return client;
    }

    /// <summary>Comes back with a place that is not kept, and is told so first.</summary>
    public static async Task<SseClient> OpenWithResetAsync(HttpClient http, string path, string lastId)
    {
        var client = await OpenAsync(http, path, lastId);
        client._first.ShouldContain("event: reset");
        return client;
    }

    /// <summary>The next event; comments and places are passed over.</summary>
    public async Task<SseEvent> NextAsync()
    {
        while (true)
        {
            if (Event(await BlockAsync().DefaultTimeout("an event")) is { } found)
            {
                return found;
            }
        }
    }

    /// <summary>The lines up to the next empty one; their id is noted.</summary>
    public async Task<List<string>> BlockAsync()
    {
        var lines = new List<string>();
        while (await _reader.ReadLineAsync().DefaultTimeout("a line") is { } line)
        {
            if (line.Length == 0)
            {
                return lines;
            }

            lines.Add(line);
            LastId = line.StartsWith("id: ", StringComparison.Ordinal) ? line[4..] : LastId;
        }

        throw new EndOfStreamException("the stream ended");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _answer.Dispose();
    }

    private SseEvent? Event(List<string> lines)
    {
        var data = lines.Find(line => line.StartsWith("data: ", StringComparison.Ordinal));
        return data is null ? null : new SseEvent(
            LastId,
            lines.Find(line => line.StartsWith("event: ", StringComparison.Ordinal))?[7..] ?? "message",
            JsonSerializer.Deserialize<JsonElement>(data[6..]));
    }
}

internal sealed record SseEvent(string Id, string Name, JsonElement Data)
{
    /// <summary><c>pkgbase state</c> of a build's event.</summary>
    public override string ToString() => Name == "build" ? $"{Data.GetProperty("pkgbase")} {Data.GetProperty("state")}" : Name;
}
