using System.Text;
using Caur.Builder.Engines;
using Caur.Tests.Support;

namespace Caur.Tests.Builder;

/// <summary>The real container engine and an image with bash in it. This is the one place where these tests ask for either.</summary>
internal static class TestEngine
{
    /// <summary>Every container of these tests carries it, so that leftovers can be found.</summary>
    public const string Label = "caur.tests.agent";

    private static readonly Lazy<Task<(string Socket, string Image)>> Found = new(FindAsync);

    public static async Task<string> ImageAsync() => (await Found.Value).Image;

    public static async Task<string> SocketAsync() => (await Found.Value).Socket;

    public static async Task<EngineClient> ClientAsync() => Client(await SocketAsync());

    public static EngineClient Client(string address) => new(new EngineOptions { Address = address }, TimeProvider.System);

    public static async Task<string> ReadAllAsync(this Stream stream)
    {
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, TestContext.Current.CancellationToken).DefaultTimeout("the output's end");
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static async Task<(string Socket, string Image)> FindAsync()
    {
        var engine = await ContainerEngine.RequireAsync();
        return (engine.SocketPath, engine.BuilderImage);
    }
}
