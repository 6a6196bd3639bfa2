using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Api.Health;
using Caur.Storage.Files;
using Caur.Storage.Repositories;
using Caur.Storage.State;
using Caur.Tests.Storage.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Publication;

public sealed class DiskFullHandlerTests : IDisposable
{
    private const int NoSpace = 28;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TryHandleAsync_WhenAnyCauseIsAFullDisk_Answers507AndOtherwiseNothingOfTheKind()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<DiskFullHandler>();
        builder.Services.AddExceptionHandler<DamageHandler>();
        builder.Services.AddSingleton(new DiskWatch(DataFolders.Resolve(_folder.Path), new FarmHealth(), TimeProvider.System));
        await using var app = builder.Build();
        app.UseExceptionHandler();
        app.MapGet("/full", string () => throw new InvalidOperationException("not written", new IOException("no room on the disk", NoSpace)));
        app.MapGet("/other", string () => throw new InvalidOperationException("not written", new IOException("broken pipe", 32)));
        app.MapGet("/damaged", string () => throw new RepositoryDamagedException(7, "its record is missing"));
        app.MapGet("/record", string () => throw new InvalidOperationException("not read", new StateUnreadableException("record publications has other bytes")));
        await app.StartAsync(Token);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        using var full = await http.GetAsync("/full", Token);
        full.StatusCode.ShouldBe(HttpStatusCode.InsufficientStorage);
        full.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await full.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("title").GetString().ShouldBe("No room on the farm's disk");
        using var other = await http.GetAsync("/other", Token);
        other.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await other.Content.ReadAsStringAsync(Token)).ShouldNotContain("broken pipe");
        (await DetailAsync("/damaged")).ShouldBe("generation 7 cannot be read: its record is missing");
        (await DetailAsync("/record")).ShouldBe("record publications has other bytes");

        async Task<string?> DetailAsync(string path)
        {
            using var answer = await http.GetAsync(path, Token);
            answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("detail").GetString();
        }
    }
}
